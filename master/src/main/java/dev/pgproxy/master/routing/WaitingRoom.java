package dev.pgproxy.master.routing;

import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Clients that wait for a place, here or at a worker that asks them for their password: how they enter, how long they stay, and how they
 * leave without a place. {@link Turns} decides which of them gets a place.
 */
final class WaitingRoom {

    private final EventLoop loop;
    private final WorkerRegistry workers;
    private final Refusals refusals;
    private final Ledger ledger;
    private final ServerHolds holds;
    private final Standings standings;
    private final Unproved unproved;
    private WaitingLine line;

    /** Waiting clients that a worker has. */
    private final Map<Long, RoutedClient> atWorkers = new HashMap<>();

    /** Clients that have come in this turn of the loop. Most have left by its end, and need neither a timer nor to be watched. */
    private final List<RoutedClient> entered = new ArrayList<>();

    private final EventThrottle timeouts = new EventThrottle();
    private long maxWaitMs;
    private byte @Nullable [] closedBecause;

    /** @param maxWaitMs query_wait_timeout */
    WaitingRoom(
            EventLoop loop,
            WorkerRegistry workers,
            Refusals refusals,
            Ledger ledger,
            ServerHolds holds,
            Standings standings,
            Unproved unproved,
            long maxWaitMs) {
        this.loop = loop;
        this.workers = workers;
        this.refusals = refusals;
        this.ledger = ledger;
        this.holds = holds;
        this.standings = standings;
        this.unproved = unproved;
        this.maxWaitMs = maxWaitMs;
        this.line = new WaitingLine(ledger.limits());
    }

    /** Other limits are in force: groups the clients by these. */
    void configure(long newMaxWaitMs) {
        maxWaitMs = newMaxWaitMs;
        WaitingLine newLine = new WaitingLine(ledger.limits());
        line.all().forEach(newLine::add);
        line = newLine;
    }

    /** The waiting clients in order. */
    WaitingLine line() {
        return line;
    }

    /** Clients that wait here; those at a worker are counted there. */
    int count() {
        return line.size() - atWorkers.size();
    }

    /** Puts the client in line for its place. It waits for query_wait_timeout at most, and leaves the line when it disconnects. */
    void enter(RoutedClient client) {
        if (closedBecause != null) {
            refuse(client, closedBecause);
            return;
        }
        line.add(client);
        noteUnproved(client);
        if (client.isAtWorker()) {
            atWorkers.put(client.sessionId(), client);
        }
        if (entered.isEmpty()) {
            loop.atEndOfTick(this::watchEntered);
        }
        entered.add(client);
    }

    private void watchEntered() {
        for (RoutedClient client : entered) {
            if (line.has(client)) {
                watch(client);
            }
        }
        entered.clear();
    }

    private void watch(RoutedClient client) {
        long waitedMs = TimeUnit.NANOSECONDS.toMillis(loop.clock().nanoTime() - client.sinceNs());
        long leftMs = Math.max(1, maxWaitMs - waitedMs);
        client.startTimer(loop.scheduler().afterMs(leftMs, () -> timedOut(client)));
        if (!client.isAtWorker()) { // Otherwise its worker notices when it disconnects.
            client.connection().onReady(ready -> left(client));
            client.connection().interest(Interest.HANGUP);
        }
    }

    private void left(RoutedClient client) {
        if (leave(client)) {
            client.connection().close();
        }
    }

    /** @return false when it was not in the line */
    boolean leave(RoutedClient client) {
        if (!line.remove(client)) {
            return false;
        }
        client.stopTimer();
        if (!client.isAtWorker()) {
            unproved.remove(client.sessionId());
        }
        return true;
    }

    /** The client got its place, or its worker no longer has it. */
    void forgetAtWorker(long sessionId) {
        RoutedClient client = atWorkers.remove(sessionId);
        if (client != null) {
            leave(client);
        }
    }

    /** The clients of this worker no longer wait for anything. */
    void forgetWorker(Worker worker) {
        for (RoutedClient client : List.copyOf(atWorkers.values())) {
            if (client.slot() == worker.slot()) {
                forgetAtWorker(client.sessionId());
            }
        }
    }

    /** Tells a client that is out of the line why there is no place for it. */
    void refuse(RoutedClient client, byte[] why) {
        if (!client.isAtWorker()) {
            refusals.refuse(client.client(), client.connection(), why);
            return;
        }
        atWorkers.remove(client.sessionId());
        Worker worker = workers.poolWorker(client.slot());
        if (worker != null) {
            worker.send(new PlaceMessages.PlaceRefused(client.sessionId(), why));
        }
    }

    /** No client will get a place any more. */
    void close(byte[] why) {
        closedBecause = why;
        for (RoutedClient client : line.all()) {
            leave(client);
            refuse(client, why);
        }
    }

    /** The message for clients that arrive after {@link #close}; null before that. */
    byte @Nullable [] closedBecause() {
        return closedBecause;
    }

    /** Waiting clients can now prove who they are, and count as unproved until they do. */
    void canBeAskedNow() {
        line.all().stream().filter(client -> !client.isAtWorker()).forEach(this::noteUnproved);
    }

    /** Clients that cannot be asked now have not had the chance to prove anything. */
    private void noteUnproved(RoutedClient client) {
        boolean canBeAsked =
                !workers.poolWorkers().isEmpty() && !holds.isHeld(client.key().server());
        if (client.standing() != Standing.PROVED && canBeAsked) {
            if (client.isAtWorker()) {
                unproved.addAtWorker(client);
            } else {
                unproved.addHere(client);
            }
        }
    }

    /** How the server asks clients of this kind is known now, or no longer: waiting clients get a new standing. */
    void standAgain(Endpoint server, String user, String database) {
        for (RoutedClient client : line.all()) {
            StartupParameters its = client.startup().parameters();
            if (client.isAtWorker()
                    || client.resumption() != null
                    || !client.key().server().equals(server)
                    || !its.serverUser().equals(user)
                    || !its.serverDatabase().equals(database)) {
                continue;
            }
            line.remove(client);
            unproved.remove(client.sessionId());
            client.standing(standings.of(client.client(), client.key(), client.startup()));
            line.add(client);
            noteUnproved(client);
        }
    }

    private void timedOut(RoutedClient client) {
        if (!leave(client)) {
            return;
        }
        boolean isFull =
                !workers.poolWorkers().isEmpty() && !holds.isHeld(client.key().server());
        String hint = hint(client);
        Event.of("client_wait_timeout")
                .limitedBy(timeouts, loop.clock().nanoTime())
                .with("peer", client.client().peer())
                .with("server", client.key().server())
                .with("waiting", line.size())
                .message("a client timed out after query_wait_timeout without a connection, and was refused")
                .hint(hint)
                .warn();
        refuse(
                client,
                BackendMessage.fatal(
                        isFull ? SqlState.TOO_MANY_CONNECTIONS : SqlState.CANNOT_CONNECT_NOW,
                        "no connection to the server became free within query_wait_timeout",
                        hint));
    }

    private String hint(RoutedClient client) {
        Endpoint server = client.key().server();
        PlaceLimits.Scope full = Admission.fullScope(ledger, client.scopes(ledger.limits()));
        if (holds.isPaused(server)) {
            return "An operator has paused this server; RESUME in pg_proxy lets clients continue.";
        } else if (full != null && full.isOfStrangers()) {
            return "Other clients that have not logged in yet use all places for such clients: "
                    + ledger.limits().describe(full)
                    + ". Raise max_server_conn, or find out where they come from: SELECT * FROM connection in pg_proxy.";
        } else if (holds.isHeldPrimary(server)) {
            return "The primary does not answer, and no other server has taken its place; pgproxy's log says why.";
        } else if (workers.poolWorkers().isEmpty()) {
            return "No worker of the proxy is ready; its log says why.";
        }
        return "All connections that max_server_conn, limit.user, limit.database and the limit of open files allow"
                + " are in use; raise the limit, or use fewer at once.";
    }
}
