package dev.pgproxy.poolworker;

import dev.pgproxy.common.ipc.SwitchoverMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.session.Session;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Servers whose sessions come to rest for a change of the primary, and then leave, or go on. */
final class HeldServers implements SwitchoverMessages.AtPoolWorker {

    private static final long NS_PER_MS = 1_000_000L;

    /** How often a worker looks whether the sessions that it is to hold have come to rest. */
    private static final long HELD_CHECK_MS = 20;

    /** How long sessions that are to be held may take to log in; a client that does not answer must not hold up a switchover. */
    private static final long HELD_LOGIN_MS = 2_000;

    private final Map<Endpoint, Held> heldServers = new HashMap<>();

    /** A server whose sessions come to rest, and for which request of the master's. */
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

    /** The server is not the primary any more. Its clients are told so; those who were told nothing yet the master gets back. */
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
     * Lets sessions of this server finish their transactions and then takes nothing more from their clients; or lets them go on. The
     * master is told when none is left that does something.
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
        boolean evenLogins = loop.clock().nanoTime() - current.sinceNs() > HELD_LOGIN_MS * NS_PER_MS;
        List<Session> ofServer = sessions.of(server);
        ofServer.forEach(session -> session.hold(true, evenLogins));
        if (ofServer.stream().noneMatch(Session::isBusy)) {
            master.link().send(new SwitchoverMessages.SessionsHeld(requestId));
        } else {
            loop.scheduler().afterMs(HELD_CHECK_MS, () -> reportHeld(server, requestId));
        }
    }

    /** The master is gone: nobody can tell the sessions that are held whether their server is still the primary. */
    void masterLost() {
        for (Endpoint server : List.copyOf(heldServers.keySet())) {
            sessions.of(server).forEach(Session::endByShutdown);
        }
        heldServers.clear();
    }
}
