package dev.pgproxy.master.routing;

import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.master.worker.Worker;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Clients that workers have and no server has let in yet: they may come back.
 *
 * <pre>
 *   sent --SessionAccepted--> logging in --SessionOpened, SessionClosed, SessionReturned--> gone from here
 *     \--(worker dies)--> routed again
 *   in either state a client may also be leaving: it was told to make room for others
 * </pre>
 */
final class ClientsAtWorkers {

    /**
     * A client, and the worker that has it.
     *
     * @param sentNs when it was sent there
     */
    record Placed(RoutedClient client, Worker worker, long sentNs) {}

    private final Clock clock;
    private final Counter handOverMicros;

    /** Sent but not acknowledged: this process still owns the connection as well. */
    private final Map<Long, Placed> sent = new HashMap<>();

    private final Map<Long, Placed> loggingIn = new HashMap<>();

    /** Clients that were told to make room, with the bytes that they take. */
    private final Map<Long, Integer> leaving = new HashMap<>();

    private long leavingBytes;

    /** @param handOverMicros counts the time from sending clients to workers until these have acknowledged them */
    ClientsAtWorkers(Clock clock, Counter handOverMicros) {
        this.clock = clock;
        this.handOverMicros = handOverMicros;
    }

    void sent(RoutedClient client, Worker worker) {
        sent.put(client.sessionId(), new Placed(client, worker, clock.nanoTime()));
    }

    /** The worker owns the client now. Null when it had not been sent, or was acknowledged before. */
    @Nullable
    Placed acknowledged(long sessionId) {
        Placed placed = sent.remove(sessionId);
        if (placed != null) {
            placed.client().handedOver();
            handOverMicros.add(TimeUnit.NANOSECONDS.toMicros(clock.nanoTime() - placed.sentNs()));
            loggingIn.put(sessionId, placed);
        }
        return placed;
    }

    /** The worker could not even begin to serve the client, and has closed its connection. */
    void closedUnacknowledged(long sessionId) {
        Placed placed = sent.remove(sessionId);
        if (placed != null) {
            placed.client().handedOver();
        }
    }

    /** The client if it is logging in at a worker; null when it is not. */
    @Nullable
    Placed loggingIn(long sessionId) {
        return loggingIn.get(sessionId);
    }

    /** The worker no longer has the client, or a server has let it in. Null when it was not logging in. */
    @Nullable
    Placed done(long sessionId) {
        Integer weight = leaving.remove(sessionId);
        if (weight != null) {
            leavingBytes -= weight;
        }
        return loggingIn.remove(sessionId);
    }

    /** The client and the worker that has it; null when it is not at a worker. */
    @Nullable
    Placed find(long sessionId) {
        Placed placed = sent.get(sessionId);
        return placed == null ? loggingIn.get(sessionId) : placed;
    }

    /** The client was told to make room for others, or will be once its worker has acknowledged it. */
    void leaves(RoutedClient client) {
        leaving.put(client.sessionId(), client.weight());
        leavingBytes += client.weight();
    }

    boolean isLeaving(long sessionId) {
        return leaving.containsKey(sessionId);
    }

    int leavingCount() {
        return leaving.size();
    }

    long leavingBytes() {
        return leavingBytes;
    }

    /** The worker is gone: removes and returns the clients that it had not acknowledged. Only this process owns their connections now. */
    List<RoutedClient> takeUnacknowledged(Worker worker) {
        List<RoutedClient> clients =
                at(worker, sent.values()).map(Placed::client).toList();
        clients.forEach(client -> sent.remove(client.sessionId()));
        return clients;
    }

    /** The session ids of the clients that this worker had acknowledged. */
    List<Long> loggingInAt(Worker worker) {
        return at(worker, loggingIn.values())
                .map(placed -> placed.client().sessionId())
                .toList();
    }

    private static Stream<Placed> at(Worker worker, Collection<Placed> placed) {
        return placed.stream().filter(each -> each.worker() == worker);
    }
}
