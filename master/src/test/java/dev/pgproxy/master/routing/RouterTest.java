package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.config.ProxyConfig.Routing;
import dev.pgproxy.common.config.ProxyConfig.StandbyFallback;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.protocol.StartupParameters;
import java.util.List;
import org.junit.jupiter.api.Test;

class RouterTest {

    private static final ServerAddress PRIMARY = new ServerAddress("p", 1);
    private static final ServerAddress ONE = new ServerAddress("s", 1);
    private static final ServerAddress TWO = new ServerAddress("s", 2);
    private static final Routing ROUTING = new Routing("_r", StandbyFallback.PRIMARY);

    private static Router.Route route(String user, List<ServerAddress> standbys, long turn, Routing routing) {
        StartupParameters client = new StartupParameters(List.of(new StartupParameters.Parameter("user", user)));
        return Router.route(client, new Router.Servers(PRIMARY, standbys, turn), routing);
    }

    @Test
    void readersTakeTurnsOnTheStandbys() {
        assertEquals(new Router.Route.To(ONE, true), route("x_r", List.of(ONE, TWO), 0, ROUTING));
        assertEquals(new Router.Route.To(TWO, true), route("x_r", List.of(ONE, TWO), 1, ROUTING));
        assertEquals(new Router.Route.To(ONE, true), route("x_r", List.of(ONE, TWO), 2, ROUTING));
    }

    @Test
    void turnsGoOnWhenTheCounterOverflows() {
        assertEquals(new Router.Route.To(TWO, true), route("x_r", List.of(ONE, TWO), -1, ROUTING));
    }

    @Test
    void everybodyElseGoesToThePrimary() {
        for (String user : List.of("x", "r", "_rx", "")) {
            assertEquals(new Router.Route.To(PRIMARY, false), route(user, List.of(ONE), 0, ROUTING), user);
        }
        assertEquals(
                new Router.Route.To(PRIMARY, false),
                route("x_r", List.of(ONE), 0, new Routing("", StandbyFallback.ERROR)));
    }

    @Test
    void withoutStandbysTheFallbackDecides() {
        assertEquals(new Router.Route.To(PRIMARY, false), route("x_r", List.of(), 0, ROUTING));
        assertEquals(new Router.Route.Nowhere(), route("x_r", List.of(), 0, new Routing("_r", StandbyFallback.ERROR)));
    }
}
