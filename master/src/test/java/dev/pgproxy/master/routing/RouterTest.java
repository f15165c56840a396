package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.pgproxy.common.config.ProxyConfig.Routing;
import dev.pgproxy.common.config.ProxyConfig.StandbyFallback;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.common.protocol.StartupParameters;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RouterTest {

    private static final Endpoint PRIMARY = new Endpoint.Tcp("p", 1);
    private static final Endpoint ONE = new Endpoint.Tcp("s", 1);
    private static final Endpoint TWO = new Endpoint.Tcp("s", 2);
    private static final Routing ROUTING = new Routing("_r", "", StandbyFallback.PRIMARY);
    private static final int VERSION = 3 << 16;

    private static StartupPacket.Startup client(String... parameters) {
        List<StartupParameters.Parameter> pairs = new java.util.ArrayList<>();
        for (int i = 0; i < parameters.length; i += 2) {
            pairs.add(new StartupParameters.Parameter(parameters[i], parameters[i + 1]));
        }
        try {
            return (StartupPacket.Startup) StartupPacketDecoder.decode(FrontendMessage.startup(VERSION, pairs));
        } catch (ProtocolViolation e) {
            throw new AssertionError(e);
        }
    }

    private static Router.Route.To route(String user, List<Endpoint> standbys, long turn, Routing routing) {
        return assertInstanceOf(
                Router.Route.To.class,
                Router.route(client("user", user), new Router.Servers(PRIMARY, standbys, turn), routing, Set.of()));
    }

    @Test
    void readersTakeTurnsOnTheStandbys() {
        assertEquals(ONE, route("x_r", List.of(ONE, TWO), 0, ROUTING).server());
        assertEquals(TWO, route("x_r", List.of(ONE, TWO), 1, ROUTING).server());
        assertEquals(ONE, route("x_r", List.of(ONE, TWO), 2, ROUTING).server());
    }

    @Test
    void turnsGoOnWhenTheCounterOverflows() {
        assertEquals(TWO, route("x_r", List.of(ONE, TWO), -1, ROUTING).server());
    }

    @Test
    void everybodyElseGoesToThePrimary() {
        for (String user : List.of("x", "r", "_rx")) {
            assertEquals(PRIMARY, route(user, List.of(ONE), 0, ROUTING).server(), user);
        }
        assertEquals(
                PRIMARY,
                route("x_r", List.of(ONE), 0, new Routing("", "", StandbyFallback.ERROR))
                        .server());
    }

    @Test
    void withoutStandbysTheFallbackDecides() {
        assertEquals(PRIMARY, route("x_r", List.of(), 0, ROUTING).server());
        Routing strict = new Routing("_r", "", StandbyFallback.ERROR);
        assertEquals(
                new Router.Route.Nowhere(),
                Router.route(client("user", "x_r"), new Router.Servers(PRIMARY, List.of(), 0), strict, Set.of()));
    }

    @Test
    void aStandbyThatCouldNotServeTheClientIsPassedOver() {
        Router.Servers servers = new Router.Servers(PRIMARY, List.of(ONE, TWO), 0);
        Router.Route route = Router.route(client("user", "x_r"), servers, ROUTING, Set.of(ONE));
        assertEquals(TWO, assertInstanceOf(Router.Route.To.class, route).server());
        Router.Route last = Router.route(client("user", "x_r"), servers, ROUTING, Set.of(ONE, TWO));
        assertEquals(PRIMARY, assertInstanceOf(Router.Route.To.class, last).server());
    }

    @Test
    void theSuffixOfADatabaseChoosesAStandbyWhichNeverSeesIt() {
        Routing routing = new Routing("_r", "@ro", StandbyFallback.PRIMARY);
        Router.Servers servers = new Router.Servers(PRIMARY, List.of(ONE), 0);
        StartupPacket.Startup reader = client("user", "x", "database", "shop@ro", "options", "-c a=b");
        Router.Route.To to = assertInstanceOf(Router.Route.To.class, Router.route(reader, servers, routing, Set.of()));
        assertEquals(ONE, to.server());
        assertEquals("shop", to.startup().parameters().database());
        assertArrayEquals(
                FrontendMessage.startup(VERSION, to.startup().parameters().sorted()),
                to.startup().packet());
        StartupPacket.Startup writer = client("user", "x", "database", "shop");
        to = assertInstanceOf(Router.Route.To.class, Router.route(writer, servers, routing, Set.of()));
        assertEquals(PRIMARY, to.server());
        assertArrayEquals(writer.packet(), to.startup().packet());
        StartupPacket.Startup nameless = client("user", "x", "database", "@ro");
        to = assertInstanceOf(Router.Route.To.class, Router.route(nameless, servers, routing, Set.of()));
        assertEquals(PRIMARY, to.server(), "nothing would be left of the name");
    }
}
