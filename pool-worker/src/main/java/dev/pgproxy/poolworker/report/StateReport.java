package dev.pgproxy.poolworker.report;

import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.common.view.RowWriter;
import dev.pgproxy.common.view.View;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendState;
import dev.pgproxy.poolworker.relay.Tally;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.poolworker.traffic.SessionState;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Rows that show what a worker holds at one moment. */
public final class StateReport {

    private static final long NS_PER_MICRO = 1_000;
    private static final double NS_PER_SECOND = 1e9;

    private final int pid;
    private final long nowNs;
    private final long nowMicros;

    /**
     * @param pid of this worker
     * @param nowNs by the loop's clock
     * @param nowMicros the same moment in microseconds since 1970
     */
    public StateReport(int pid, long nowNs, long nowMicros) {
        this.pid = pid;
        this.nowNs = nowNs;
        this.nowMicros = nowMicros;
    }

    /** The rows of these tables, as far as this worker has any. */
    public List<byte[]> chunks(
            Set<View> views,
            Collection<Session> sessions,
            Collection<Backend> backends,
            Totals totals,
            Counters counters) {
        List<byte[]> chunks = new ArrayList<>();
        if (views.contains(View.CONNECTION)) {
            RowWriter out = new RowWriter(View.CONNECTION);
            sessions.forEach(session -> connection(out, session));
            backends.stream().filter(StateReport::isAlone).forEach(backend -> connection(out, backend));
            chunks.addAll(out.chunks());
        }
        if (views.contains(View.STARTUPMSG)) {
            RowWriter out = new RowWriter(View.STARTUPMSG);
            sessions.forEach(
                    session -> startupMessage(out, id(session.id(), session.backend()), false, session.parameters()));
            backends.stream()
                    .filter(StateReport::isAlone)
                    .forEach(backend -> startupMessage(
                            out,
                            backend.id(),
                            backend.state() == BackendState.IDLE,
                            backend.key().parameters()));
            chunks.addAll(out.chunks());
        }
        if (views.contains(View.STATS)) {
            RowWriter out = new RowWriter(View.STATS);
            totals.write(out, nowNs);
            chunks.addAll(out.chunks());
        }
        if (views.contains(View.COUNTER)) {
            RowWriter out = new RowWriter(View.COUNTER);
            counters.write(out, pid);
            chunks.addAll(out.chunks());
        }
        return chunks;
    }

    private static boolean isAlone(Backend backend) {
        return backend.user() == null;
    }

    /** A connection is identified by its backend, which outlives the client. */
    private static long id(long sessionId, @Nullable Backend backend) {
        return backend == null ? sessionId : backend.id();
    }

    private void connection(RowWriter out, Session session) {
        Backend backend = session.backend();
        Tally tally = session.tally();
        StartupParameters parameters = session.parameters();
        long sinceNs = session.stateSinceNs();
        out.int4(pid).int8(id(session.id(), backend));
        out.text(session.origin().peer().address()).int4(session.origin().peer().port());
        peer(out, backend);
        out.text(StartupParameters.display(parameters.user()));
        out.text(StartupParameters.display(parameters.database()));
        out.timestamptz(micros(sinceNs)).int8(backend == null ? 0 : backend.uses());
        out.text(state(session)).float8((nowNs - sinceNs) / NS_PER_SECOND).int8(session.id());
        out.text(session.key().server().toString());
        backendPid(out, backend);
        out.textOrNull(parameters
                .value(StartupParameters.APPLICATION_NAME)
                .map(StartupParameters::display)
                .orElse(null));
        out.text(session.key().parameters().describeOthers());
        out.textOrNull(waitsFor(session));
        out.timestamptz(micros(session.createdNs()));
        out.int8(tally.clientBytes()).int8(tally.serverBytes());
        out.int8(tally.queries()).int8(tally.transactions());
        out.float8(tally.queryNs() / NS_PER_SECOND);
        out.endRow();
    }

    private void connection(RowWriter out, Backend backend) {
        StartupParameters parameters = backend.key().parameters();
        long sinceNs = backend.stateSinceNs();
        out.int4(pid).int8(backend.id()).nothing().nothing();
        peer(out, backend);
        out.text(StartupParameters.display(parameters.user()));
        out.text(StartupParameters.display(parameters.database()));
        out.timestamptz(micros(sinceNs)).int8(backend.uses());
        out.text(state(backend)).float8((nowNs - sinceNs) / NS_PER_SECOND).nothing();
        out.text(backend.key().server().toString());
        backendPid(out, backend);
        out.nothing().text(parameters.describeOthers());
        out.textOrNull(
                backend.state() == BackendState.DRAINING
                        ? "the answer to its last client, or a cancel"
                        : backend.state() == BackendState.CLOSING ? "the server to end its side" : null);
        out.timestamptz(micros(backend.createdNs()));
        out.nothing().nothing().nothing().nothing().nothing();
        out.endRow();
    }

    private static void peer(RowWriter out, @Nullable Backend backend) {
        if (backend == null || !backend.isConnected()) {
            out.nothing().nothing();
        } else {
            if (backend.peer() instanceof Endpoint.Tcp peer) {
                out.text(peer.host()).int4(peer.port());
            } else if (backend.peer() instanceof Endpoint.Unix socket) {
                out.text(socket.place()).int4(socket.port());
            }
        }
    }

    private static void backendPid(RowWriter out, @Nullable Backend backend) {
        if (backend == null || backend.identity().pid() == 0) {
            out.nothing();
        } else {
            out.int4(backend.identity().pid());
        }
    }

    private long micros(long ns) {
        return nowMicros - (nowNs - ns) / NS_PER_MICRO;
    }

    private static String state(Session session) {
        return switch (session.state()) {
            case ACCEPTED, WAITING, CHECKING, VERIFYING, SETTING_UP, LOGGING_IN -> "login";
            case ACTIVE -> activity(session);
            case ENDING, CLOSED -> "active";
        };
    }

    private static String activity(Session session) {
        Backend backend = session.backend();
        if (backend == null || !backend.progress().isAtRest()) {
            return "active";
        }
        return backend.progress().isInTransaction() ? "idle in transaction" : "idle";
    }

    private static String state(Backend backend) {
        return switch (backend.state()) {
            case CONNECTING, LOGGING_IN -> "login";
            case IN_SESSION -> "active";
            case DRAINING, ROLLING_BACK, DISCARDING -> "resetting";
            case IDLE -> "idle";
            case CLOSING, CLOSED -> "closing";
        };
    }

    private static @Nullable String waitsFor(Session session) {
        Backend backend = session.backend();
        return switch (session.state()) {
            case ACCEPTED -> "the master";
            case WAITING ->
                session.awaitsPlace()
                        ? "a place"
                        : backend != null && backend.state() == BackendState.CONNECTING
                                ? "the server to accept the connection"
                                : "a connection to be reset";
            case CHECKING -> "what the server knows of the role";
            case VERIFYING -> "the client's password";
            case SETTING_UP, LOGGING_IN -> "the server's login";
            case ACTIVE, ENDING -> session.state() == SessionState.ENDING ? "the last answer" : session.blockedBy();
            case CLOSED -> null;
        };
    }

    private void startupMessage(RowWriter out, long id, boolean idle, StartupParameters parameters) {
        out.int4(pid).int8(id).bool(idle).longText(parameters.describe()).endRow();
    }
}
