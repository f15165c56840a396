package dev.pgproxy.poolworker;

import dev.pgproxy.common.ipc.SwitchoverMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.session.Session;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Servers whose sessions come to rest for a change of the primary, and then leave or continue. */
final class HeldServers implements SwitchoverMessages.AtPoolWorker {

    /** How often a worker checks whether the sessions that it holds have come to rest. */
    private static final long HELD_CHECK_MS = 20;

    /** How long held sessions may take to log in: a client that does not answer must not delay a switchover. */
    private static final long HELD_LOGIN_MS = 2_000;

    private final Map<Endpoint, Held> heldServers = new HashMap<>();

    /** A server whose sessions come to rest, and the master's request for it. */
    private record Held(long requestId, long sinceNs) {}

    private final EventLoop loop;
    private final MasterContact master;
    private final Sessions sessions;
    private final BackendPool pool;

    HeldServers(EventLoop loop, MasterContact master, Sessions sessions, BackendPool pool) {
        this.loop = loop;
        this.master = master;
        this.sessions = sessions;
        this.pool = pool;
    }

    /** The server is no longer the primary. Its clients are told so; clients that have not been sent anything go back to the master. */
    @Override
    public void onLeaveServer(SwitchoverMessages.LeaveServer message) {
        Endpoint server = message.server();
        heldServers.remove(server);
        new Departure(server, message.successor(), master.link(), loop.scheduler())
                .begin(
                        sessions.of(server),
                        pool.snapshot().stream()
                                .filter(backend -> backend.key().server().equals(server))
                                .toList());
    }

    /**
     * Lets sessions of this server finish their transactions and then takes nothing more from their clients; or
     * lets them continue. The master is told when all of them are at rest.
     */
    @Override
    public void onHoldSessions(SwitchoverMessages.HoldSessions message) {
        Endpoint server = message.server();
        if (message.held()) {
            heldServers.put(server, new Held(message.requestId(), loop.clock().nanoTime()));
            reportHeld(server, message.requestId());
        } else {
            heldServers.remove(server);
            sessions.of(server).forEach(session -> session.hold(false, false));
        }
    }

    private void reportHeld(Endpoint server, long requestId) {
        Held current = heldServers.get(server);
        if (current == null || current.requestId() != requestId || master.isGone()) {
            return;
        }
        boolean evenLogins = loop.clock().nanoTime() - current.sinceNs() > TimeUnit.MILLISECONDS.toNanos(HELD_LOGIN_MS);
        List<Session> ofServer = sessions.of(server);
        ofServer.forEach(session -> session.hold(true, evenLogins));
        if (ofServer.stream().noneMatch(Session::isBusy)) {
            master.link().send(new SwitchoverMessages.SessionsHeld(requestId));
        } else {
            loop.scheduler().afterMs(HELD_CHECK_MS, () -> reportHeld(server, requestId));
        }
    }

    /** The master is gone: held sessions can no longer learn whether their server is still the primary. */
    void masterLost() {
        for (Endpoint server : List.copyOf(heldServers.keySet())) {
            sessions.of(server).forEach(Session::endByShutdown);
        }
        heldServers.clear();
    }
}
