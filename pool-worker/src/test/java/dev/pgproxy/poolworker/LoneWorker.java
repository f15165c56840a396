package dev.pgproxy.poolworker;

import dev.pgproxy.common.auth.AuthenticationMethod;
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
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.backend.Connector;
import dev.pgproxy.testkit.loop.StillPoller;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A pool-worker without processes or sockets around it, whose servers never answer unless they are given. */
final class LoneWorker {

    private static final Endpoint SERVER = new Endpoint.Tcp("server", 5432);
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
    static final class Frontend implements Transport, Descriptor {
        private final String failsAt;
        final ByteArrayOutputStream written = new ByteArrayOutputStream();
        boolean overflows;
        boolean open = true;

        Frontend(String failsAt) {
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
            byte[] bytes = new byte[from.remaining()];
            from.get(bytes);
            written.writeBytes(bytes);
            return bytes.length;
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

    /** A master that hears all, at once or when the link takes it. */
    static final class Master implements MasterLink {
        final List<ControlMessage.ToMaster> heard = new ArrayList<>();
        private final List<Runnable> unwritten = new ArrayList<>();
        boolean linkIsFull;

        void linkTakesAll() {
            linkIsFull = false;
            unwritten.forEach(Runnable::run);
            unwritten.clear();
        }

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
            unwritten.add(whenWritten);
            if (!linkIsFull) {
                linkTakesAll();
            }
        }
    }

    final Master master = new Master();
    final EventLoop loop = new EventLoop(new StillPoller(), () -> 0);
    final PoolWorker worker;

    LoneWorker() {
        this((server, tuning, handler) -> () -> {});
    }

    /** @param servers what is connected to */
    LoneWorker(Connector servers) {
        worker = new PoolWorker(
                loop,
                descriptor -> (Frontend) descriptor,
                servers,
                master,
                byte[]::new,
                (role, address, work, then) -> false,
                1);
        worker.onConfigurePool(new SettingsMessages.ConfigurePool(SETTINGS));
    }

    /** A client comes from the master. */
    void assign(long id, Frontend frontend) {
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
}
