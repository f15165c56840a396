package dev.pgproxy.taskworker.probe;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import dev.pgproxy.taskworker.connection.AdminConnection;
import dev.pgproxy.taskworker.connection.InputWatch;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Probes one server on request, on a thread of its own: over the kept connection, or over a new one, which is then kept. Between probes it
 * listens on the kept connection, so that a dying server is noticed at once.
 */
public final class Prober implements AutoCloseable {

    /** For a message of which something has arrived. */
    private static final int LISTEN_MS = 50;

    /** The master has one probe of each kind under way at a time. */
    private static final int MAX_REQUESTS = 16;

    /** A process that is always late must not keep a dead server alive for ever. */
    private static final int MOST_LATE_IN_A_ROW = 3;

    /** Addresses of a name that are remembered. */
    private static final int MAX_ADDRESSES = 16;

    /** If more than this part of a probe's timeout was lost in this process, the server may have answered in time. */
    private static final int OWN_SHARE_DIVISOR = 4;

    /** Receives results, on this prober's thread. */
    public interface Listener {
        /**
         * A requested probe has ended.
         *
         * @param probeId its number
         * @param fresh whether it was over a new connection
         */
        void probed(long probeId, Endpoint server, ProbeKind kind, boolean fresh, Observation observation);

        /** The kept connection ended between two probes. */
        void connectionLost(Endpoint server);

        /** The server's name resolves to none of its previous addresses, and a server answers at a new one. */
        void moved(Endpoint server, List<String> addresses);
    }

    /** @param kind null to end the thread */
    private record Request(long probeId, @Nullable ProbeKind kind, long timeoutMs) {}

    private final Endpoint server;
    private final ProxyConfig.AdminLogin login;
    private final Listener listener;
    private final Supplier<Lateness.Watch> lateness;
    private final ArrayBlockingQueue<Request> requests = new ArrayBlockingQueue<>(MAX_REQUESTS);
    private final Thread thread;
    private final InputWatch watch = new InputWatch();
    private AdminConnection.@Nullable Watchable kept;
    private int lateInARow;
    /** What the server's name resolved to when the last connection was opened; empty before. */
    private List<String> addresses = List.of();

    private final UpstreamAddresses upstream = new UpstreamAddresses(System::nanoTime);
    private final UpstreamAddresses named = new UpstreamAddresses(System::nanoTime);

    public Prober(Endpoint server, ProxyConfig.AdminLogin login, Lateness lateness, Listener listener) {
        this(server, login, lateness::watch, listener);
    }

    /** @param lateness as {@link Lateness#watch} */
    Prober(Endpoint server, ProxyConfig.AdminLogin login, Supplier<Lateness.Watch> lateness, Listener listener) {
        this.lateness = lateness;
        this.server = server;
        this.login = login;
        this.listener = listener;
        this.thread = new Thread(this::run, "probe-" + server);
        thread.setDaemon(true);
        thread.start();
    }

    /**
     * Requests a probe.
     *
     * @param probeId its number, for the answer
     * @param timeoutMs bound on the connect, and on each answer
     * @return false when too many requests wait already
     */
    public boolean probe(long probeId, ProbeKind kind, long timeoutMs) {
        boolean taken = requests.offer(new Request(probeId, kind, timeoutMs));
        watch.wakeUp();
        return taken;
    }

    /** Ends the thread, after the probe that is under way. */
    @Override
    public void close() {
        requests.clear();
        requests.add(new Request(0, null, 0));
        watch.wakeUp();
    }

    private void run() {
        try {
            while (true) {
                Request request = kept == null ? requests.take() : listen();
                if (request == null) {
                    continue;
                }
                ProbeKind kind = request.kind();
                if (kind == null) {
                    closeKept();
                    watch.close();
                    return;
                }
                boolean fresh = kind == ProbeKind.FRESH || kept == null;
                Observation observation = probe(kind, kept, request.timeoutMs());
                listener.probed(request.probeId(), server, kind, fresh, observation);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** @return the next request; null when there is none */
    private @Nullable Request listen() {
        Request request = requests.poll();
        AdminConnection.Watchable open = kept;
        if (request != null || open == null) {
            return request;
        }
        try {
            if (watch.await(open.channel())) {
                open.connection().unwrap(PGConnection.class).getNotifications(LISTEN_MS);
            }
        } catch (SQLException | IOException | RuntimeException | OutOfMemoryError e) {
            closeKept();
            listener.connectionLost(server);
        }
        return requests.poll();
    }

    private Observation probe(ProbeKind kind, AdminConnection.@Nullable Watchable open, long timeoutMs) {
        List<String> now = kind == ProbeKind.FLUSH ? addresses : lookUp();
        try (Lateness.Watch timed = lateness.get()) { // No timeout runs before the name is known.
            return probe(kind, open, timeoutMs, now, timed);
        }
    }

    private Observation probe(
            ProbeKind kind,
            AdminConnection.@Nullable Watchable open,
            long timeoutMs,
            List<String> now,
            Lateness.Watch timed) {
        boolean hasMoved = !addresses.isEmpty() && !now.isEmpty() && Collections.disjoint(addresses, now);
        try {
            AdminConnection.Watchable inUse = open;
            if (kind == ProbeKind.FRESH || inUse == null || hasMoved) {
                AdminConnection.Watchable opened = AdminConnection.openWatchable(server, login, timeoutMs);
                closeKept();
                kept = opened;
                inUse = opened;
                addresses = now;
                if (hasMoved) {
                    listener.moved(server, now);
                }
            }
            if (kind == ProbeKind.FLUSH) {
                ServerProbe.flush(inUse.connection());
            }
            return new Observation.Answered(ServerProbe.ask(inUse.connection(), server, now, upstream, named));
        } catch (SQLException e) {
            FailureKind failure = DriverFailure.kindOf(e);
            long lateMs = TimeUnit.NANOSECONDS.toMillis(timed.lostNs());
            boolean isOurs = failure == FailureKind.TIMED_OUT && lateMs > timeoutMs / OWN_SHARE_DIVISOR;
            lateInARow = isOurs ? lateInARow + 1 : 0;
            if (isOurs && lateInARow <= MOST_LATE_IN_A_ROW) {
                closeKept();
                return new Observation.Failed(
                        FailureKind.LOCAL,
                        "no answer within " + timeoutMs + " ms, of which pgproxy-task itself was held up for " + lateMs
                                + " ms: this host is too busy, or failover.probe_timeout too short");
            }
            if (failure.countsAsDown() || kind != ProbeKind.FRESH) {
                closeKept();
            }
            return new Observation.Failed(failure, String.valueOf(e.getMessage()));
        } catch (RuntimeException | OutOfMemoryError e) {
            closeKept(); // A fault of the driver says nothing about the server, and must not end its monitoring.
            return new Observation.Failed(FailureKind.LOCAL, e.toString());
        }
    }

    /** All addresses that the server's name resolves to; none when it cannot be resolved. */
    private List<String> lookUp() {
        if (!(server instanceof Endpoint.Tcp tcp)) {
            return List.of();
        }
        try {
            return Arrays.stream(InetAddress.getAllByName(tcp.host()))
                    .map(InetAddress::getHostAddress)
                    .limit(MAX_ADDRESSES)
                    .toList();
        } catch (UnknownHostException e) {
            return List.of(); // The probe will show.
        }
    }

    private void closeKept() {
        AdminConnection.Watchable open = kept;
        kept = null;
        AdminConnection.close(open == null ? null : open.connection());
    }
}
