package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.master.role.RoleDesk;
import dev.pgproxy.master.role.RoleMemory;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class IntakeTest {

    private static final Endpoint ONE = new Endpoint.Tcp("one", 5432);
    private static final RoleFacts FACTS =
            new RoleFacts(true, true, true, RoleFacts.FOR_EVER, "f1", List.of("md5..."), true);

    private static final String SELF = "pgproxy";
    private static final Endpoint TWO = new Endpoint.Tcp("two", 5432);

    private final Rooms rooms = new Rooms("slaver_list = one:5432, two:5432", "route.standby_fallback = error");
    private final Routes routes = new Routes(rooms.config);
    private final RoleMemory roles = new RoleMemory(rooms.process.loop().clock(), 10_000);
    private final Intake intake = new Intake(
            rooms.process.loop().clock(),
            rooms.refusals,
            routes,
            new Standings(rooms.known, rooms.ledger, rooms.holds),
            rooms.waiting,
            rooms.turns,
            new Foresight(roles, rooms.workers),
            new OwnUser(SELF, 1));

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

    /** What the worker of this client was told. */
    private Optional<RoleFacts> toldOfRole(long id) {
        return assigned().stream()
                .filter(assigned -> assigned.sessionId() == id)
                .findFirst()
                .orElseThrow()
                .role();
    }

    /** As the task-worker finds out. */
    private void isKnown(String user) {
        RoleDesk desk =
                new RoleDesk(rooms.process.loop(), rooms.workers, roles, 60_000, (server, name, database) -> {});
        PlayedWorker task = new PlayedWorker(ChildKind.TASK, 1);
        rooms.workers.ready(task);
        desk.onFindRole(rooms.one, new RoleMessages.FindRole(1, Rooms.DB, user, "shop"));
        long lookup = task.received(RoleMessages.LookUpRole.class).get(0).lookupId();
        desk.onRoleLookedUp(task, new RoleMessages.RoleLookedUp(lookup, FACTS));
    }

    @Test
    void aWorkerNeedNotAskAboutARoleThatIsKnown() {
        bring(5, "ann");
        assertEquals(Optional.empty(), toldOfRole(5));
        isKnown("ann");
        bring(6, "ann");
        assertEquals(Optional.of(FACTS), toldOfRole(6));
        bring(7, "bob");
        assertEquals(Optional.empty(), toldOfRole(7));
    }

    /** A worker has told of the change before its client could tell another one, but the master has not read it. */
    @Test
    void aChangeOfRolesThatIsUnreadComesFirst() {
        isKnown("ann");
        RoleDesk desk =
                new RoleDesk(rooms.process.loop(), rooms.workers, roles, 60_000, (server, name, database) -> {});
        rooms.two.says(() -> desk.onRolesChanged(rooms.two, new RoleMessages.RolesChanged(Rooms.DB)));
        bring(5, "ann");
        assertEquals(Optional.empty(), toldOfRole(5));
    }

    /** Otherwise it would go to a worker without a place, to be asked in a way that nobody knows any more. */
    @Test
    void whatIsUnreadCountsForTheStandingToo() {
        StartupPacket.Startup ann = PlayedClients.startup("ann");
        PoolKey key = PoolKey.of(Rooms.DB, ann, List.of());
        rooms.known.letIn(Rooms.DB, ann.parameters(), AuthenticationMethod.MD5);
        rooms.idleBackend(rooms.one, 10, "ann");
        isKnown("ann");
        rooms.two.says(() -> rooms.known.forget(Rooms.DB, "ann", "shop"));
        bring(5, "ann");
        assertEquals(AuthenticationMethod.OTHER, assigned().get(0).askFirst());
        for (PlayedWorker worker : List.of(rooms.one, rooms.two)) {
            assertEquals(
                    0,
                    Objects.requireNonNull(rooms.ledger.worker(worker.slot())).asked(key));
        }
    }

    /** Roles may change while it waits. */
    @Test
    void aClientThatHadToWaitIsAskedAbout() {
        isKnown("ann");
        rooms.holds.pause(Rooms.DB);
        bring(5, "ann");
        assertEquals(List.of(), assigned());
        rooms.holds.resume(Rooms.DB);
        rooms.turns.take(Rooms.DB);
        assertEquals(Optional.empty(), toldOfRole(5));
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

    /** OwnUserTest has the rule. */
    @Test
    void aClientThatAServerCouldTakeForThisUserGoesToNoSocket() {
        routes.serversAre(new Endpoint.Unix("/run/postgresql/.s.PGSQL.5432"), List.of());
        SimulatedTransport connection = bring(5, SELF);
        RoutedClient again = PlayedClients.routed(rooms.clients.client(6, SELF, 1), ONE, Standing.PROVED);
        intake.routeAgain(again.returned(again.connection()), new byte[0]);
        rooms.passMs(1);
        String told = new String(connection.farRead(), StandardCharsets.ISO_8859_1);
        assertTrue(told.contains("28000") && told.contains("peer"), told);
        assertEquals(List.of(), assigned());
        bring(7, "ann");
        assertEquals(7, assigned().get(0).sessionId());
    }

    @Test
    void aClientThatIsRoutedAgainGoesPastTheServersThatItHasTried() {
        RoutedClient client = PlayedClients.routed(rooms.clients.client(5, "ann_r", 1), ONE, Standing.PROVED);
        intake.routeAgain(client.returned(client.connection()), new byte[0]);
        rooms.turns.take(TWO);
        assertEquals(TWO, assigned().get(0).server());
    }
}
