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
 * One connection to a server, which this owns from the attempt to connect until it is closed. While a session uses it, the
 * session reads and writes; in between {@link BackendCourse} does.
 */
public final class Backend {

    /** Who keeps the pool, and is told of what changes for it. */
    public interface Owner {
        /** A reset has begun; the backend will be idle soon. */
        void resetting(Backend backend);

        /** The backend waits for its next user. */
        void idle(Backend backend);

        /** What the backend runs is not wanted any more: asks for a cancel, of which {@link #cancelFinished} tells the end. */
        void cancelQuery(Backend backend);

        /** The backend was given up, and the server has still to end its side. */
        void closing(Backend backend);

        /** No connection could be made. */
        void unreachable(Backend backend, String reason);

        /**
         * The former client has left behind what no reset undoes, or nobody can tell; the backend is closed.
         *
         * @param why what it "has", or what its role did, for the log
         */
        void notAsNew(Backend backend, String why);

        /** The connection cannot go on, for a reason that nobody thought of, and is closed. */
        void broken(Backend backend, Throwable cause);

        /** The connection is closed. Called once, at the end of every life. */
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
     * @param lifetimeMs age at which it is not used again
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

    /** When the connection was begun. */
    public long createdNs() {
        return course.age().createdNs();
    }

    /** When the backend came into its state. */
    public long stateSinceNs() {
        return course.age().stateSinceNs();
    }

    /** How many clients have had it. */
    public long uses() {
        return course.uses();
    }

    /** Whether the server counts the time that this waited for its user as idleness of the user's session, which it may end for it. */
    public boolean isTimedByServer() {
        return course.age().isTimedByServer();
    }

    /** Whether the connection stands. */
    public boolean isConnected() {
        return connection.isOpen();
    }

    /**
     * Other settings are in force from now on.
     *
     * @param newLifetimeMs age at which it is not used again
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
     * @throws IllegalStateException before it stands or after it was closed
     */
    public Transport transport() {
        return connection.transport();
    }

    /** The address that the server's name led to when this connection was made. */
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

    /** Books a backend in reset for a session, which is told when it is ready. */
    public void reserve(BackendUser next) {
        user = next;
    }

    /** The server has ended the connection, or it broke, as its reader has noticed. */
    public void connectionEnded() {
        course.serverEnded();
    }

    /** Gives the idle backend to a session. */
    public void claim(BackendUser next) {
        user = next;
        course.claimed();
    }

    /**
     * Reads what the server says to nobody, between the claim and the welcome of the client.
     *
     * @return false when the backend is not as good as new any more; it must be given up then
     */
    public boolean isStillAsNew() {
        if (fromServer().isBlocked()) {
            return true; // Nobody can look while the way is taken by what the client was asked.
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

    /** The backend gets to work for its session: what the server says is for that. */
    public void leased() {
        upkeep.leased();
    }

    /** Closes the backend, which the session that claimed it cannot use; the session is told when its place is free. */
    public void giveUp() {
        course.fail();
    }

    /**
     * The session is over, or waits for this backend no longer. Makes a backend that it used ready for another one, or closes it.
     *
     * @param clean nothing half sent is on its way to the server
     * @param leftover what the client has done there that no reset undoes; empty for nothing
     */
    public void release(boolean clean, String leftover) {
        user = null;
        if (isResetting()) {
            owner.resetting(this); // It was only booked, and somebody else may have it.
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

    /** Whether a client could take over: nothing half received is in the way. */
    public boolean isFit() {
        return fromServer().atBoundary();
    }

    /** Closes the backend now if it is idle, else as soon as its session is over. */
    public void retire() {
        course.retire();
    }

    /** Closes the connection at once, whatever it is in the middle of. A session that waits for it is told. */
    public void abandon() {
        course.abandon();
    }

    /**
     * Notes a cancel on its way to the server.
     *
     * @return false when too many are
     */
    public boolean cancelStarted() {
        return course.cancelStarted();
    }

    /** A cancel is over. When that is not certain, a late signal could hit the next user, so there will be none. */
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

    /** Whether no client has the backend or waits for it, and some client may have it later. */
    public boolean isUnused() {
        return user == null && (state() == BackendState.IDLE || state() == BackendState.DRAINING || isResetting());
    }

    /** Whether the backend is being made ready and a session may wait for it. */
    public boolean isResetting() {
        return course.isResetting();
    }

    /** What happens to the backend by itself, for those whom it concerns. */
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
