package dev.pgproxy.poolworker.report;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.ReusePolicy;
import dev.pgproxy.poolworker.session.Session;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** What a pool-worker logs about its sessions and connections; events that can occur by the thousand are throttled. */
public final class WorkerLog {

    /** How many cases of connections that are not reused the log names; further ones are not named. */
    private static final int MAX_NAMED = 1_000;

    private final Set<String> named = new HashSet<>();

    private final EventThrottle violations = new EventThrottle();

    private final EventThrottle unreachables = new EventThrottle();

    private final EventThrottle refusals = new EventThrottle();

    private final EventThrottle ends = new EventThrottle();

    private final EventThrottle faults = new EventThrottle();

    private long containedFaults;

    private final Clock clock;
    private boolean logsConnections;
    private boolean logsDisconnections;

    public WorkerLog(Clock clock) {
        this.clock = clock;
    }

    public void configure(PoolSettings settings) {
        logsConnections = settings.logConnections();
        logsDisconnections = settings.logDisconnections();
    }

    /** A client has logged in. */
    public void opened(Session session, Backend backend) {
        if (logsConnections) {
            about("connection", session)
                    .with("backend_pid", backend.identity().pid())
                    .with("warm", backend.uses() > 1)
                    .with("waited_ms", session.origin().waitedMs())
                    .info();
        }
    }

    /** A client could not even be taken over. */
    public void clientBroken(long session, Endpoint server, Throwable cause) {
        fault("client_broken", server)
                .with("session", session)
                .message("a client could not be taken over because of a fault in pgproxy; it was closed")
                .error(cause);
    }

    public void notReusable(Session session, AuthenticationMethod method, RoleFacts facts) {
        String user = StartupParameters.display(session.parameters().serverUser());
        if (named.size() < MAX_NAMED && named.add(session.key().server() + " " + user + " " + method)) {
            Event.of("backend_not_reusable")
                    .with("server", session.key().server())
                    .with("user", user)
                    .with("method", method)
                    .message(
                            "connections of this role are closed when their client leaves, because its password cannot be verified")
                    .hint(ReusePolicy.remedy(method, facts))
                    .warn();
        }
    }

    public void notAsNew(Backend backend, String why) {
        String user = StartupParameters.display(backend.key().parameters().serverUser());
        String database = StartupParameters.display(backend.key().parameters().serverDatabase());
        if (named.size() < MAX_NAMED && named.add(backend.key().server() + " " + user + " " + database + " " + why)) {
            Event.of("backend_not_as_new")
                    .with("server", backend.key().server())
                    .with("user", user)
                    .with("database", database)
                    .message("connections like this are closed when their client leaves, and are not reused: it " + why)
                    .hint("docs/pooling.md says what cannot be undone, and what to do about it.")
                    .info();
        }
    }

    public void broken(Session session, Throwable cause) {
        fault("session_broken", session.key().server())
                .with("session", session.id())
                .with("state", session.state())
                .with(
                        "backend",
                        session.backend() == null ? "none" : session.backend().state())
                .message("a session was ended because of a fault in pgproxy; all others continue")
                .hint("Report it with these lines.")
                .error(cause);
    }

    public void broken(Backend backend, Throwable cause) {
        fault("backend_broken", backend.key().server())
                .with("backend", backend.id())
                .with("state", backend.state())
                .message("a connection was closed because of a fault in pgproxy")
                .hint("Report it with these lines.")
                .error(cause);
    }

    public void serverViolated(Session session, ProtocolViolation violation) {
        Event.of("server_malformed_message")
                .limitedBy(violations, clock.nanoTime())
                .with("server", session.key().server())
                .with("session", session.id())
                .message(violation.description() + "; its session was ended")
                .hint("Find out what listens there: PostgreSQL does not send such a message.")
                .warn();
    }

    public void unreachable(Backend backend, String reason) {
        Event.of("server_unreachable")
                .limitedBy(unreachables, clock.nanoTime())
                .with("server", backend.key().server())
                .message(reason)
                .hint(
                        backend.key().server() instanceof Endpoint.Unix socket
                                ? "Check that the server runs, that its unix_socket_directories and port match "
                                        + socket.path() + ", and that pgproxy's user may use that socket."
                                : "Check that the server runs and that this host may reach it.")
                .warn();
    }

    /** Counts a fault in pgproxy, and begins its log event. */
    private Event fault(String event, Endpoint server) {
        containedFaults++;
        return Event.of(event)
                .limitedBy(faults, clock.nanoTime())
                .with("server", server)
                .with("faults", containedFaults);
    }

    /** Sessions and connections that ended because of a fault in pgproxy. */
    public long containedFaults() {
        return containedFaults;
    }

    private static Event about(String event, Session session) {
        return Event.of(event)
                .with("peer", session.origin().peer())
                .with("user", StartupParameters.display(session.parameters().user()))
                .with("database", StartupParameters.display(session.parameters().database()))
                .with("server", session.key().server());
    }

    /**
     * Refused logins and ended sessions are always logged with the reason; a client that leaves by itself only if
     * disconnections are logged.
     */
    public void ended(Session session) {
        byte[] words = session.lastWords();
        String sqlState = words.length > 0 ? BackendMessage.sqlState(words) : session.serversLastSqlState();
        boolean isEnded = words.length > 0 || (session.wasIn() && !sqlState.isEmpty());
        long nowNs = clock.nanoTime();
        String seconds = String.format(Locale.ROOT, "%.3f", (nowNs - session.createdNs()) / 1e9);
        if (isEnded) {
            Event event = about(session.wasIn() ? "session_ended" : "login_refused", session)
                    .limitedBy(session.wasIn() ? ends : refusals, nowNs)
                    .with("sqlstate", sqlState)
                    .with("seconds", seconds);
            if (words.length > 0) {
                event.message(StartupParameters.display(BackendMessage.errorField(words, 'M')));
                String hint = BackendMessage.errorField(words, 'H');
                (hint.isEmpty() ? event : event.hint(StartupParameters.display(hint))).info();
            } else {
                event.message("the server has ended the session").info(); // Its message can contain parts of queries.
            }
        }
        if (session.wasIn() && logsDisconnections) {
            about("disconnection", session)
                    .with("seconds", seconds)
                    .with("queries", session.tally().queries())
                    .info();
        }
    }
}
