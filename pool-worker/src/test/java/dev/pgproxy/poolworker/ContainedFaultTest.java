package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.ipc.SettingsMessages;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.testkit.loop.StillPoller;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A fault of the worker's own while it serves one client costs that client, and nobody else. */
class ContainedFaultTest {

    private static final ServerAddress SERVER = new ServerAddress("server", 5432);
    private static final PoolSettings SETTINGS = new PoolSettings(
            1024,
            2_000,
            20_000,
            500,
            1_000,
            5_000,
            2_000,
            List.of(),
            true,
            false,
            false,
            new SocketTuning(true, 60, 10, 6, 0));

    /** A client's connection on its way and here, at which a call can fail as no connection should. */
    private static final class Frontend implements Transport, Descriptor {
        private final String failsAt;
        private boolean overflows;
        private boolean open = true;

        private Frontend(String failsAt) {
            this.failsAt = failsAt;
        }

        private void call(String name) {
            if (!name.equals(failsAt)) {
                return;
            }
            if (overflows) {
                throw new StackOverflowError();
            }
            throw new IllegalStateException("a fault at " + name);
        }

        @Override
        public int read(ByteBuffer into) {
            return 0;
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
            call("onReady");
        }

        @Override
        public void interest(int interest) {
            call("interest");
        }

        @Override
        public void shutdownOutput() {}

        @Override
        public void close() {
            open = false;
        }
    }

    private static final class Master implements MasterLink {
        private final List<ControlMessage.ToMaster> heard = new ArrayList<>();

        @Override
        public void send(ControlMessage.ToMaster message) {
            heard.add(message);
        }

        @Override
        public void sendAtOnce(ControlMessage.ToMaster message) {
            heard.add(message);
        }

        @Override
        public boolean hasRoom() {
            return true;
        }

        @Override
        public void send(ControlMessage.ToMaster message, Runnable whenWritten) {
            heard.add(message);
            whenWritten.run();
        }
    }

    private final Master master = new Master();
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> 0);
    private final PoolWorker worker = new PoolWorker(
            loop,
            descriptor -> (Frontend) descriptor,
            (server, tuning, handler) -> () -> {},
            master,
            byte[]::new,
            (role, address, work, then) -> false,
            1);

    private void assign(long id, Frontend frontend) {
        byte[] packet = FrontendMessage.startup(
                3 << 16,
                List.of(
                        new StartupParameters.Parameter("user", "app"),
                        new StartupParameters.Parameter("database", "shop")));
        worker.onAssignSession(new SessionMessages.AssignSession(
                id,
                SERVER,
                0,
                AuthenticationMethod.OTHER,
                2_000,
                false,
                false,
                new ClientOrigin("127.0.0.1", 1, 0),
                packet,
                Optional.empty(),
                frontend));
    }

    private long closedSessions() {
        return master.heard.stream()
                .filter(SessionMessages.SessionClosed.class::isInstance)
                .count();
    }

    private void oneFailsAndAnotherDoesNot(Frontend broken) {
        worker.onConfigurePool(new SettingsMessages.ConfigurePool(SETTINGS));
        Frontend healthy = new Frontend("nothing");
        assign(1, healthy);
        assign(2, broken);
        loop.tick();
        assertEquals(1, worker.containedFaults());
        assertEquals(1, closedSessions());
        assertTrue(master.heard.contains(new SessionMessages.SessionClosed(2)));
        assertEquals(List.of(1L), List.copyOf(worker.sessions().keySet()));
        assertTrue(healthy.open);
    }

    /** At its end the same call fails again, and the master hears of the end all the same. */
    @ParameterizedTest
    @ValueSource(strings = {"interest", "onReady"})
    void aFaultEndsTheSessionAndNoOther(String failsAt) {
        Frontend broken = new Frontend(failsAt);
        oneFailsAndAnotherDoesNot(broken);
        if (failsAt.equals("interest")) {
            assertFalse(broken.open);
        }
    }

    @Test
    void aStackThatOverflowsEndsTheSessionAndNoOther() {
        Frontend broken = new Frontend("interest");
        broken.overflows = true;
        oneFailsAndAnotherDoesNot(broken);
    }
}
