package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.testkit.config.TestConfig;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RoutesTest {

    private static final Endpoint PRIMARY = new Endpoint.Tcp("db", 5432);
    private static final Endpoint ONE = new Endpoint.Tcp("one", 5432);
    private static final Endpoint TWO = new Endpoint.Tcp("two", 5432);

    private final Rooms rooms = new Rooms();
    private final Routes routes = new Routes(
            TestConfig.of("master = db:5432", "slaver_list = one:5432, two:5432", "conninfo.user = postgres"));

    private Client client(String user) {
        return rooms.clients.client(1, user, 1);
    }

    private Endpoint take(String user, Endpoint... tried) {
        return assertInstanceOf(Router.Route.To.class, routes.take(client(user), Set.of(tried)))
                .server();
    }

    @Test
    void readersTakeTurnsAndWritersNone() {
        assertEquals(ONE, take("app_r"));
        assertEquals(PRIMARY, take("app"));
        assertEquals(TWO, take("app_r"));
        assertEquals(ONE, take("app_r"));
    }

    @Test
    void aLookTakesNoTurn() {
        assertEquals(
                ONE,
                assertInstanceOf(Router.Route.To.class, routes.see(client("app_r")))
                        .server());
        assertEquals(ONE, take("app_r"));
    }

    @Test
    void aClientIsSentPastTheStandbysThatCouldNotServeIt() {
        assertEquals(TWO, take("app_r", ONE));
        assertEquals(PRIMARY, take("app_r", ONE, TWO));
    }

    @Test
    void theTurnGoesOnWhenTheServersChange() {
        take("app_r");
        routes.serversAre(ONE, List.of(TWO, PRIMARY));
        assertEquals(ONE, routes.primary());
        assertTrue(routes.areServedBy(PRIMARY));
        assertEquals(PRIMARY, take("app_r"));
        assertEquals(ONE, take("app"));
    }

    @Test
    void withoutAStandbyTheConfigurationSaysWhetherThePrimaryServes() {
        routes.configure(
                TestConfig.of("master = db:5432", "conninfo.user = postgres", "route.standby_fallback = error"));
        assertInstanceOf(Router.Route.Nowhere.class, routes.take(client("app_r"), Set.of(ONE, TWO)));
    }

    @Test
    void clientsOfOneKindShareTheirKey() {
        Router.Route.To first = assertInstanceOf(Router.Route.To.class, routes.see(client("app")));
        Router.Route.To second = assertInstanceOf(Router.Route.To.class, routes.see(client("app")));
        assertSame(routes.keyOf(first), routes.keyOf(second));
    }
}
