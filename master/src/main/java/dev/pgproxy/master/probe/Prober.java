package dev.pgproxy.master.probe;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.connection.AdminConnection;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Looks at one server, on a thread of its own, when it is told to: over the connection that it keeps, or over a new one, which it keeps then. In
 * between it listens on the kept connection, so that a server that dies is noticed at once.
 */
public final class Prober implements AutoCloseable {

    /** How long one listening lasts; a request that comes meanwhile waits for its end. */
    private static final int LISTEN_MS = 50;

    /** Who is told, on this prober's thread. */
    public interface Listener {
        /**
         * A look that was asked for is over.
         *
         * @param fresh whether it was over a new connection
         */
        void looked(ServerAddress server, Observation observation, boolean fresh);

        /** A flush that was asked for is over, and what the server said behind it. */
        void flushed(ServerAddress server, Observation observation);

        /** The kept connection ended between two looks. */
        void connectionLost(ServerAddress server);
    }

    private enum Request {
        KEPT,
        FRESH,
        FLUSH,
        STOP
    }

    private final ServerAddress server;
    private final ProxyConfig.AdminLogin login;
    private final long timeoutMs;
    private final Listener listener;
    private final ArrayBlockingQueue<Request> requests = new ArrayBlockingQueue<>(Request.values().length);
    private final Thread thread;
    private @Nullable Connection kept;

    /** @param timeoutMs bound on one look */
    public Prober(ServerAddress server, ProxyConfig.AdminLogin login, long timeoutMs, Listener listener) {
        this.server = server;
        this.login = login;
        this.timeoutMs = timeoutMs;
        this.listener = listener;
        this.thread = new Thread(this::run, "probe-" + server);
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Asks for a look; each kind is asked for once at a time.
     *
     * @param fresh over a new connection
     */
    public void look(boolean fresh) {
        Request request = fresh ? Request.FRESH : Request.KEPT;
        if (!requests.contains(request)) {
            requests.add(request);
        }
    }

    /** Asks for a look behind all that was committed before, on its disk. */
    public void flush() {
        if (!requests.contains(Request.FLUSH)) {
            requests.add(Request.FLUSH);
        }
    }

    /** Ends the thread, after the look that is under way. */
    @Override
    public void close() {
        requests.clear();
        requests.add(Request.STOP);
    }

    private void run() {
        try {
            while (true) {
                Request request = kept == null ? requests.take() : listen();
                if (request == Request.STOP) {
                    closeKept();
                    return;
                }
                if (request == Request.FLUSH) {
                    listener.flushed(server, look(request));
                } else if (request != null) {
                    boolean fresh = request == Request.FRESH || kept == null;
                    listener.looked(server, look(request), fresh);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** @return what is asked for; null when nothing is */
    private @Nullable Request listen() {
        Request request = requests.poll();
        Connection connection = kept;
        if (request != null || connection == null) {
            return request;
        }
        try {
            connection.unwrap(PGConnection.class).getNotifications(LISTEN_MS);
        } catch (SQLException e) {
            closeKept();
            listener.connectionLost(server);
        }
        return requests.poll();
    }

    private Observation look(Request request) {
        try {
            Connection connection = kept;
            if (request == Request.FRESH || connection == null) {
                Connection opened = AdminConnection.open(server, login, timeoutMs);
                closeKept();
                kept = opened;
                connection = opened;
            }
            if (request == Request.FLUSH) {
                ServerProbe.flush(connection);
            }
            return new Observation.Answered(ServerProbe.ask(connection));
        } catch (SQLException e) {
            FailureKind kind = FailureKind.of(e);
            if (kind.countsAsDown() || request != Request.FRESH) {
                closeKept();
            }
            return new Observation.Failed(kind, String.valueOf(e.getMessage()));
        } catch (RuntimeException e) {
            closeKept(); // A fault of the driver says nothing of the server, and must not end the watch over it.
            return new Observation.Failed(FailureKind.LOCAL, e.toString());
        }
    }

    private void closeKept() {
        Connection connection = kept;
        kept = null;
        AdminConnection.close(connection);
    }
}
