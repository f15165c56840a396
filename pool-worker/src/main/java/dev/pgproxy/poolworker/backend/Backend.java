package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.QueryProgress;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a server, owned from the attempt to connect until it is closed. While a session uses it, the
 * session reads and writes; between sessions, {@link BackendCourse} does.
 */
public final class Backend {

    /** The owner of the pool, which is notified of changes. */
    public interface Owner {
        /** A reset has begun; the backend will be idle soon. */
        void resetting(Backend backend);

        /** The backend waits for its next user. */
        void idle(Backend backend);

        /** The backend's query is no longer wanted: asks for a cancel. {@link #cancelFinished} reports its end. */
        void cancelQuery(Backend backend);

        /** The backend was given up; the server still has to end its side. */
        void closing(Backend backend);

        /** No connection could be made. */
        void unreachable(Backend backend, String reason);

        /**
         * The former client left something that no reset undoes, or may have; the backend is closed.
         *
         * @param why what it "has", or what its role did, for the log
         */
        void notAsNew(Backend backend, String why);

        /** The connection cannot continue for an unforeseen reason, and is closed. */
        void broken(Backend backend, Throwable cause);

        /** The connection is closed. Called exactly once, at the end of every backend. */
        void gone(Backend backend);
    }

    private final long id;
    private final PoolKey key;
    private final BackendContext context;
    private final Owner owner;
    private final ServerIdentity identity = new ServerIdentity();
    private final BackendConnection connection;
    private final Upkeep upkeep;
    private final BackendCourse course;
    private PoolSettings settings;
    private @Nullable BackendUser user;

    /**
     * Nothing is opened before {@link #connect}.
     *
     * @param lifetimeMs age from which it is not reused
     */
    public Backend(long id, PoolKey key, PoolSettings settings, long lifetimeMs, BackendContext context, Owner owner) {
        this.id = id;
        this.key = key;
        this.settings = settings;
        this.context = context;
        this.owner = owner;
        this.connection = new BackendConnection(key.server());
        this.upkeep = new Upkeep(identity, context.buffers());
        this.course =
                new BackendCourse(key, settings, lifetimeMs, context, connection, upkeep, identity, new Reports());
    }

    public long id() {
        return id;
    }

    public PoolKey key() {
        return key;
    }

    public BackendState state() {
        return course.state();
    }

    public ServerIdentity identity() {
        return identity;
    }

    /** When the connection attempt began. */
    public long createdNs() {
        return course.age().createdNs();
    }

    /** When the backend entered its current state. */
    public long stateSinceNs() {
        return course.age().stateSinceNs();
    }

    /** How many clients have used it. */
    public long uses() {
        return course.uses();
    }

    /** Whether the server counts the backend's wait as idle time of its next user's session, and may end the session for it. */
    public boolean isTimedByServer() {
        return course.age().isTimedByServer();
    }

    /** Whether the connection is established. */
    public boolean isConnected() {
        return connection.isOpen();
    }

    /**
     * Applies new settings.
     *
     * @param newLifetimeMs age from which it is not reused
     */
    public void configure(PoolSettings newSettings, long newLifetimeMs) {
        settings = newSettings;
        course.configure(newSettings, newLifetimeMs);
    }

    /** What the server sends, on its way to the client. */
    public Pipe fromServer() {
        return upkeep.fromServer();
    }

    public QueryProgress progress() {
        return upkeep.progress();
    }

    /** The session that uses this backend or waits for it; null when there is none. */
    public @Nullable BackendUser user() {
        return user;
    }

    /**
     * The connection.
     *
     * @throws IllegalStateException before it is established or after it was closed
     */
    public Transport transport() {
        return connection.transport();
    }

    /** The address that the server's name resolved to when this connection was made. */
    public Endpoint peer() {
        return connection.peer();
    }

    /** Opens the connection for its first user. */
    public void connect(Connector connector, BackendUser firstUser) {
        user = firstUser;
        long mostMs = settings.serverConnectTimeoutMs();
        course.connecting(() -> unreachable("no answer within " + mostMs + " ms"));
        connection.open(connector, settings.tuning(), new Connector.Handler() {
            @Override
            public void connected(Transport connected, Endpoint address) {
                connected.onReady(Backend.this::ready);
                course.connected();
                firstUser.backendConnected();
            }

            @Override
            public void failed(String reason) {
                course.contained(() -> unreachable(reason));
            }
        });
    }

    private void unreachable(String reason) {
        @Nullable BackendUser waiting = user;
        user = null;
        course.fail();
        owner.unreachable(this, reason);
        if (waiting != null) {
            waiting.backendUnreachable(reason);
        }
    }

    /**
     * The login is complete.
     *
     * @param canBeRepeated whether the next client of this key can be let in, or refused, without the server
     */
    public void loggedIn(boolean canBeRepeated) {
        identity.share(context.statuses());
        course.loggedIn(canBeRepeated);
    }

    /** Reserves a backend in reset for a session, which is notified when it is ready. */
    public void reserve(BackendUser next) {
        user = next;
    }

    /** The session that reads has noticed that the server ended the connection, or that it broke. */
    public void connectionEnded() {
        course.serverEnded();
    }

    /** Gives the idle backend to a session. */
    public void claim(BackendUser next) {
        user = next;
        course.claimed();
    }

    /**
     * Checks what the server has sent unasked, between the claim and the welcome of the client.
     *
     * @return false when the backend is no longer as good as new; it must be given up then
     */
    public boolean isStillAsNew() {
        if (fromServer().isBlocked()) {
            return true; // Nothing can be read while the pipe holds what the client was asked.
        }
        try {
            Upkeep.Heard heard = upkeep.read(transport());
            if (heard == Upkeep.Heard.END) {
                course.serverEnded();
            }
            return heard == Upkeep.Heard.NOTHING && isFit();
        } catch (ProtocolViolation e) {
            return false;
        }
    }

    /** The backend starts to work for its session, which receives what the server sends. */
    public void leased() {
        upkeep.leased();
    }

    /** Closes the backend because the session that claimed it cannot use it; the session is notified when its place is free. */
    public void giveUp() {
        course.fail();
    }

    /**
     * The session is over or no longer waits for this backend. A backend that it used is made ready for another session, or closed.
     *
     * @param clean whether no message to the server is half sent
     * @param leftover what the client did there that no reset undoes; empty for nothing
     */
    public void release(boolean clean, String leftover) {
        user = null;
        if (isResetting()) {
            owner.resetting(this); // It was only reserved, and another session may have it.
            return;
        }
        if (state() == BackendState.CLOSING) {
            return;
        }
        course.clientLeaves(clean);
        if (!leftover.isEmpty()) {
            if (course.isReusable()) {
                owner.notAsNew(this, leftover);
            }
            course.unwanted();
        }
        course.clientLeft();
    }

    /** Whether a client could take over: no message is half received. */
    public boolean isFit() {
        return fromServer().atBoundary();
    }

    /** Closes the backend now if it is idle, else as soon as its session is over. */
    public void retire() {
        course.retire();
    }

    /** Closes the connection at once, whatever it is in the middle of. A session that waits for it is notified. */
    public void abandon() {
        course.abandon();
    }

    /**
     * Notes a cancel on its way to the server.
     *
     * @return false when too many are under way
     */
    public boolean cancelStarted() {
        return course.cancelStarted();
    }

    /** A cancel is over. If that is not certain, a late signal could hit the next user, so the backend is not reused. */
    public void cancelFinished(boolean certain) {
        course.cancelFinished(certain);
    }

    private void ready(int ready) {
        if (state() == BackendState.LOGGING_IN || state() == BackendState.IN_SESSION) {
            BackendUser served = user;
            if (served == null) {
                broken(new IllegalStateException("backend " + id + " is " + state() + " without a session"));
            } else {
                served.backendReady(ready);
            }
            return;
        }
        course.contained(course::serverReady);
    }

    private void broken(Throwable cause) {
        owner.broken(this, cause);
        abandon();
    }

    /** Whether no client uses the backend or waits for it, and a later one may get it. */
    public boolean isUnused() {
        return user == null && (state() == BackendState.IDLE || state() == BackendState.DRAINING || isResetting());
    }

    /** Whether the backend is being made ready and a session may wait for it. */
    public boolean isResetting() {
        return course.isResetting();
    }

    /** Passes on what happens in the backend's course to the owner and to a waiting session. */
    private final class Reports implements BackendCourse.Listener {
        @Override
        public void resetting() {
            owner.resetting(Backend.this);
        }

        @Override
        public void parked() {
            @Nullable BackendUser waiting = user;
            if (waiting == null) {
                owner.idle(Backend.this);
            } else {
                claim(waiting);
                waiting.backendAvailable();
            }
        }

        @Override
        public void cancelQuery() {
            owner.cancelQuery(Backend.this);
        }

        @Override
        public void closing() {
            owner.closing(Backend.this);
        }

        @Override
        public void notAsNew(String why) {
            owner.notAsNew(Backend.this, why);
        }

        @Override
        public void broken(Throwable cause) {
            Backend.this.broken(cause);
        }

        @Override
        public void closed() {
            @Nullable BackendUser left = user;
            user = null;
            owner.gone(Backend.this);
            if (left != null) {
                left.backendUnavailable();
            }
        }
    }
}
