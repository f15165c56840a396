package dev.pgproxy.poolworker;

import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.session.Session;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Moves all sessions off a server that is no longer the primary. Sessions at work end at once. Sessions at rest that may continue
 * elsewhere are passed to the master no faster than it takes them, because with a queue of thousands the master would count as hanging.
 */
final class Departure {

    /** How long the remaining sessions wait for a master that reads too slowly. They are at rest, and nothing is sent to them. */
    private static final long PAUSE_MS = 1;

    /** A session, and the backend that it had when the departure began. */
    private record Resting(Session session, Backend backend) {}

    private final Endpoint server;
    private final Endpoint successor;
    private final MasterLink master;
    private final Scheduler scheduler;
    private final ArrayDeque<Resting> resting = new ArrayDeque<>();
    private final Map<String, Integer> ended = new TreeMap<>();
    private int moved;
    private int connections;

    Departure(Endpoint server, Endpoint successor, MasterLink master, Scheduler scheduler) {
        this.server = server;
        this.successor = successor;
        this.master = master;
        this.scheduler = scheduler;
    }

    /**
     * Makes all these sessions leave the server.
     *
     * @param backends all connections to the server, to be closed
     */
    void begin(Collection<Session> sessions, Collection<Backend> backends) {
        Set<Backend> waiting = new HashSet<>();
        for (Session session : sessions) {
            Backend backend = session.backend();
            if (backend != null && session.isReadyToLeave()) {
                resting.add(new Resting(session, backend));
                waiting.add(backend);
            } else {
                leave(session);
            }
        }
        connections = backends.size();
        backends.stream().filter(backend -> !waiting.contains(backend)).forEach(Backend::abandon);
        goOn();
    }

    private void goOn() {
        while (!resting.isEmpty()) {
            if (!master.hasRoom()) {
                scheduler.afterMs(PAUSE_MS, this::goOn);
                return;
            }
            Resting next = resting.remove();
            leave(next.session());
            if (next.backend().user() == null) {
                next.backend().abandon();
            }
        }
        if (moved > 0 || !ended.isEmpty() || connections > 0) {
            Event.of("server_left")
                    .with("server", server)
                    .with("moved", moved)
                    .with(
                            "ended",
                            ended.values().stream().mapToInt(Integer::intValue).sum())
                    .with("connections", connections)
                    .message("all connections to this server were closed, since " + successor + " takes its place"
                            + (ended.isEmpty()
                                    ? ""
                                    : "; some sessions ended, and their clients must connect again, because the session "
                                            + ended))
                    .warn();
        }
    }

    private void leave(Session session) {
        if (session.isOver()) {
            return; // Its client left while it waited.
        }
        String obstacle = session.leaveServer(successor);
        if (obstacle.isEmpty()) {
            moved++;
        } else {
            ended.merge(obstacle, 1, Integer::sum);
        }
    }
}
