package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.login.SessionContext;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.poolworker.session.SessionOwner;
import dev.pgproxy.poolworker.traffic.SessionState;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** There may be ten thousand idle sessions, so the objects and bytes that one keeps are counted. */
class IdleSessionTest {

    /** Classes that only a login needs. */
    private static final Set<String> OF_A_LOGIN =
            Set.of("Login", "Evidence", "LoginTimer", "ServerLogin", "LoginInspector", "LoginGate", "OwnerRequests");

    private static final Set<Class<?>> SHARED = Set.of(
            SessionContext.class,
            SessionOwner.class,
            EventLoop.class,
            Scheduler.class,
            Backend.class,
            PoolSettings.class,
            PoolKey.class,
            Endpoint.class,
            // The connections of both sides, and what belongs to the backend.
            Transport.class,
            RelayBuffers.class,
            ServerIdentity.class,
            QueryProgress.class);

    /** Objects that an idle session owns, including those in collections. */
    private static final int MAX_OBJECTS = 45;

    /** Bytes in arrays and strings, beyond the client's startup packet. */
    private static final int MAX_BYTES = 200;

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);

    private Session session() {
        return lone.worker.clients().all().iterator().next();
    }

    private void begin() {
        lone.assign(1, new LoneWorker.Frontend());
        lone.worker.roles().onRoleFound(new RoleMessages.RoleFound(1, RoleFacts.UNAVAILABLE));
        servers.last().accept();
        lone.loop.tick();
    }

    @Test
    void nothingOfItsLoginIsKept() {
        begin();
        assertEquals(SessionState.LOGGING_IN, session().state());
        Set<String> before = Reachable.from(session(), SHARED).classes();
        assertTrue(before.containsAll(OF_A_LOGIN), before::toString);

        servers.last().letIn();
        assertEquals(SessionState.ACTIVE, session().state());
        Set<String> after = Reachable.from(session(), SHARED).classes();
        assertEquals(List.of(), after.stream().filter(OF_A_LOGIN::contains).toList());
    }

    @Test
    void sessionsOfOneKindShareWhatTheirClientsSent() {
        lone.logIn(1, servers);
        lone.logIn(2, servers);
        Set<Object> shared = Collections.newSetFromMap(new IdentityHashMap<>());
        lone.worker.clients().all().forEach(session -> {
            shared.add(session.parameters());
            shared.add(session.origin().ip());
        });
        assertEquals(2, shared.size(), "the parameters and the address, once each");
    }

    @Test
    void itIsMadeOfFewObjects() {
        begin();
        servers.last().letIn();
        Reachable idle = Reachable.from(session(), SHARED);
        assertTrue(idle.objects().size() <= MAX_OBJECTS, () -> idle.objects().size() + " objects: " + idle.objects());
        assertTrue(idle.bytes() <= MAX_BYTES, () -> idle.bytes() + " bytes");
    }
}
