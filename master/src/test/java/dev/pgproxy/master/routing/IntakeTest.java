package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class IntakeTest {

    private static final Endpoint ONE = new Endpoint.Tcp("one", 5432);
    private static final Endpoint TWO = new Endpoint.Tcp("two", 5432);

    private final Rooms rooms = new Rooms("slaver_list = one:5432, two:5432", "route.standby_fallback = error");
    private final Routes routes = new Routes(rooms.config);
    private final Intake intake = new Intake(
            rooms.process.loop().clock(),
            rooms.refusals,
            routes,
            new Standings(rooms.known, rooms.ledger, rooms.holds),
            rooms.waiting,
            rooms.turns);

    private SimulatedTransport bring(long id, String user) {
        SimulatedTransport connection = rooms.process.connect();
        intake.bring(PlayedClients.on(connection, id, user, 1), null);
        return connection;
    }

    private List<SessionMessages.AssignSession> assigned() {
        return Stream.of(rooms.one, rooms.two)
                .flatMap(worker -> worker.received(SessionMessages.AssignSession.class).stream())
                .toList();
    }

    @Test
    void aClientGoesToItsServerAndToAWorkerInTheSameTurn() {
        bring(5, "ann");
        assertEquals(1, assigned().size());
        assertEquals(Rooms.DB, assigned().get(0).server());
        assertEquals(5, assigned().get(0).sessionId());
    }

    @Test
    void aReaderGoesToAStandby() {
        bring(5, "ann_r");
        assertTrue(List.of(ONE, TWO).contains(assigned().get(0).server()));
    }

    @Test
    void withoutAStandbyAReaderIsToldWhatToDo() {
        routes.serversAre(Rooms.DB, List.of());
        SimulatedTransport connection = bring(5, "ann_r");
        rooms.passMs(1);
        String told = new String(connection.farRead(), StandardCharsets.ISO_8859_1);
        assertTrue(told.contains("no standby is available") && told.contains("route.standby_fallback"), told);
        assertEquals(List.of(), assigned());
    }

    @Test
    void aClientThatIsRoutedAgainGoesPastTheServersThatItHasTried() {
        RoutedClient client = PlayedClients.routed(rooms.clients.client(5, "ann_r", 1), ONE, Standing.PROVED);
        intake.routeAgain(client.returned(client.connection()), new byte[0]);
        rooms.turns.take(TWO);
        assertEquals(TWO, assigned().get(0).server());
    }
}
