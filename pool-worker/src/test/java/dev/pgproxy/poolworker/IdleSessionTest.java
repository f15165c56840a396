package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.Connector;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.login.SessionContext;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.poolworker.session.SessionOwner;
import dev.pgproxy.poolworker.traffic.SessionState;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** There may be ten thousand of them: what one keeps is counted. */
class IdleSessionTest {

    /** What only a login has. */
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

    /** Objects of its own that an idle session has, those of collections included. */
    private static final int MAX_OBJECTS = 45;

    /** Bytes in arrays and texts, beyond the client's startup packet. */
    private static final int MAX_BYTES = 200;

    /** A server that lets everybody in, when it is looked at. */
    private static final class Server implements Connector, Transport {
        private @Nullable ReadyHandler ready;
        private @Nullable Handler connecting;
        private byte[] unread = {};

        void accept() {
            if (connecting != null) {
                connecting.connected(this, new Endpoint.Tcp("10.0.0.1", 5432));
            }
        }

        void letIn() {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            all.writeBytes(BackendMessage.authenticationOk());
            all.writeBytes(BackendMessage.parameterStatus("server_version", "18.0"));
            all.writeBytes(BackendMessage.backendKeyData(4_711, new byte[] {1, 2, 3, 4}));
            all.writeBytes(BackendMessage.readyForQueryIdle());
            unread = all.toByteArray();
            if (ready != null) {
                ready.ready(Interest.READ);
            }
        }

        @Override
        public Attempt connect(Endpoint server, SocketTuning tuning, Handler handler) {
            connecting = handler;
            return () -> {};
        }

        @Override
        public int read(ByteBuffer into) {
            int count = Math.min(unread.length, into.remaining());
            into.put(unread, 0, count);
            unread = java.util.Arrays.copyOfRange(unread, count, unread.length);
            return count;
        }

        @Override
        public int write(ByteBuffer from) {
            int count = from.remaining();
            from.position(from.limit());
            return count;
        }

        @Override
        public void finishConnect() {}

        @Override
        public void onReady(ReadyHandler handler) {
            ready = handler;
        }

        @Override
        public void interest(int interest) {}

        @Override
        public void shutdownOutput() {}

        @Override
        public void close() {}
    }

    private final Server server = new Server();
    private final LoneWorker lone = new LoneWorker(server);

    private Session session() {
        return lone.worker.clients().all().iterator().next();
    }

    private void begin() {
        lone.assign(1, new LoneWorker.Frontend("nothing"));
        lone.worker.roles().onRoleFound(new RoleMessages.RoleFound(1, RoleFacts.UNAVAILABLE));
        server.accept();
        lone.loop.tick();
    }

    @Test
    void nothingOfItsLoginIsKept() {
        begin();
        assertEquals(SessionState.LOGGING_IN, session().state());
        Set<String> before = Reachable.from(session(), SHARED).classes();
        assertTrue(before.containsAll(OF_A_LOGIN), before::toString);

        server.letIn();
        assertEquals(SessionState.ACTIVE, session().state());
        Set<String> after = Reachable.from(session(), SHARED).classes();
        assertEquals(List.of(), after.stream().filter(OF_A_LOGIN::contains).toList());
    }

    @Test
    void itIsMadeOfFewObjects() {
        begin();
        server.letIn();
        Reachable idle = Reachable.from(session(), SHARED);
        assertTrue(idle.objects().size() <= MAX_OBJECTS, () -> idle.objects().size() + " objects: " + idle.objects());
        assertTrue(idle.bytes() <= MAX_BYTES, () -> idle.bytes() + " bytes");
    }
}
