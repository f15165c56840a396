package dev.pgproxy.poolworker;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.ipc.SettingsMessages;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.backend.Connector;
import dev.pgproxy.poolworker.traffic.RestingLeases;
import dev.pgproxy.testkit.loop.StillPoller;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A pool-worker without processes or sockets around it. Its servers never answer unless a test provides them. */
public final class LoneWorker {

    public static final Endpoint SERVER = new Endpoint.Tcp("server", 5432);
    private static final long LOGIN_MS = 2_000;
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

    /** A client's connection, in transit and at the worker; one of its calls can fail as no real connection should. */
    public static final class Frontend implements Transport, Descriptor {
        private final String failsAt;
        public final ByteArrayOutputStream written = new ByteArrayOutputStream();
        private @Nullable ReadyHandler ready;
        private byte[] unread = {};
        private boolean left;
        public boolean overflows;
        /** Whether the client reads nothing. */
        public boolean isSlow;

        public boolean open = true;

        public Frontend() {
            this("nothing");
        }

        public Frontend(String failsAt) {
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

        /** The client sends these bytes. */
        public void say(byte[] bytes) {
            int before = unread.length;
            unread = Arrays.copyOf(unread, before + bytes.length);
            System.arraycopy(bytes, 0, unread, before, bytes.length);
            isReady(Interest.READ);
        }

        /** The client closes its connection, in both directions. */
        public void leave() {
            left = true;
            isReady(Interest.READ);
            isReady(Interest.HANGUP);
        }

        /** Reports readiness, as a poller that watches this connection does. */
        public void isReady(int interest) {
            if (ready != null && open) {
                ready.ready(interest);
            }
        }

        @Override
        public int read(ByteBuffer into) {
            int count = Math.min(unread.length, into.remaining());
            into.put(unread, 0, count);
            unread = Arrays.copyOfRange(unread, count, unread.length);
            return count == 0 && left ? -1 : count;
        }

        @Override
        public int write(ByteBuffer from) {
            byte[] bytes = new byte[isSlow ? 0 : from.remaining()];
            from.get(bytes);
            written.writeBytes(bytes);
            return bytes.length;
        }

        @Override
        public void finishConnect() {}

        @Override
        public void onReady(ReadyHandler handler) {
            call("onReady");
            ready = handler;
        }

        @Override
        public void interest(int interest) {
            call("interest");
        }

        @Override
        public void shutdownOutput() {}

        @Override
        public Descriptor release() {
            ready = null;
            return this;
        }

        @Override
        public void close() {
            open = false;
        }
    }

    /** A master that receives everything, at once or when the link takes it. */
    public static final class Master implements MasterLink {
        public final List<ControlMessage.ToMaster> heard = new ArrayList<>();
        private final List<Runnable> unwritten = new ArrayList<>();
        public boolean linkIsFull;
        public boolean hasRoom = true;

        /** The messages of this type that it has received. */
        public <M extends ControlMessage.ToMaster> List<M> heard(Class<M> type) {
            return heard.stream().filter(type::isInstance).map(type::cast).collect(Collectors.toList());
        }

        public void linkTakesAll() {
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
            return hasRoom;
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

    public final Master master = new Master();
    private long nowMs;
    private int answered;
    public final EventLoop loop = new EventLoop(new StillPoller(), () -> nowMs * 1_000_000L);
    public final PoolWorker worker;

    /** What the next clients' worker is told of their role before it asks; null for nothing. */
    public @Nullable RoleFacts role;

    /** Whether no other client may have what the next clients have used. */
    public boolean singleUse;

    public LoneWorker() {
        this((server, tuning, handler) -> () -> {});
    }

    /** @param servers that the worker connects to */
    public LoneWorker(Connector servers) {
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

    /** The master assigns a client. */
    public void assign(long id, Frontend frontend) {
        assign(id, frontend, 0, AuthenticationMethod.OTHER);
    }

    public void assign(long id, Frontend frontend, long expectedBackendId, AuthenticationMethod askFirst) {
        assign(id, frontend, expectedBackendId, askFirst, LOGIN_MS);
    }

    public void assign(
            long id, Frontend frontend, long expectedBackendId, AuthenticationMethod askFirst, long loginTimeLeftMs) {
        byte[] packet = FrontendMessage.startup(
                3 << 16,
                List.of(
                        new StartupParameters.Parameter("user", "app"),
                        new StartupParameters.Parameter("database", "shop")));
        worker.onAssignSession(new SessionMessages.AssignSession(
                id,
                SERVER,
                expectedBackendId,
                askFirst,
                loginTimeLeftMs,
                false,
                singleUse,
                new ClientOrigin(
                        new Peer.Tcp("127.0.0.".concat("1"), 1), 0), // A copy for each client, as a message has.
                packet,
                Optional.empty(),
                Optional.ofNullable(role),
                frontend));
    }

    /** Answers the worker's questions about roles, with all that a login by trust needs. */
    public void findRoles() {
        findRoles(List.of());
    }

    /** @param verifiers of the role's password */
    public void findRoles(List<String> verifiers) {
        List<RoleMessages.FindRole> questions = master.heard(RoleMessages.FindRole.class);
        for (RoleMessages.FindRole question : questions.subList(answered, questions.size())) {
            answered++;
            RoleFacts facts = new RoleFacts(true, true, true, RoleFacts.FOR_EVER, "as it is", verifiers, true);
            worker.roles().onRoleFound(new RoleMessages.RoleFound(question.sessionId(), facts));
        }
    }

    /** Assigns a client and lets it in over a new connection. */
    public Frontend logIn(long id, PlayedServers servers) {
        Frontend frontend = new Frontend();
        assign(id, frontend);
        findRoles();
        servers.last().accept();
        servers.last().letIn();
        servers.last().heard();
        return frontend;
    }

    /** Lets so much time pass that sessions at rest have no lease any more. */
    public void rest() {
        passMs(RestingLeases.LOOK_MS);
        passMs(RestingLeases.LOOK_MS);
    }

    /** Lets time pass, and runs what is due. */
    public void passMs(long ms) {
        nowMs += ms;
        loop.tick();
    }
}
