package dev.pgproxy.master.routing;

import dev.pgproxy.master.worker.Worker;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Clients that workers have, and that no server has let in yet: they may come back.
 *
 * <pre>
 *   sent --SessionAccepted--> logging in --SessionOpened, SessionClosed, SessionReturned--> gone from here
 *     \--(worker dies)--> routed again
 *   either may be leaving at the same time: it was told to make room for others
 * </pre>
 */
final class ClientsAtWorkers {

    /** A client, and the worker that has it. */
    record Placed(RoutedClient client, Worker worker) {}

    /** Sent and not acknowledged: the connection is still ours as well. */
    private final Map<Long, Placed> sent = new HashMap<>();

    private final Map<Long, Placed> loggingIn = new HashMap<>();

    /** Those that were told to make room, with their bytes. */
    private final Map<Long, Integer> leaving = new HashMap<>();

    private long leavingBytes;

    void sent(RoutedClient client, Worker worker) {
        sent.put(client.sessionId(), new Placed(client, worker));
    }

    /** The worker owns the client now; null when that was known. */
    @Nullable
    Placed acknowledged(long sessionId) {
        Placed placed = sent.remove(sessionId);
        if (placed != null) {
            placed.client().handedOver();
            loggingIn.put(sessionId, placed);
        }
        return placed;
    }

    /** The worker could not even begin, and has closed the client. */
    void closedUnacknowledged(long sessionId) {
        Placed placed = sent.remove(sessionId);
        if (placed != null) {
            placed.client().handedOver();
        }
    }

    /** A client whose login the worker is about; null when there is none. */
    @Nullable
    Placed loggingIn(long sessionId) {
        return loggingIn.get(sessionId);
    }

    /** The worker has the client no more, or a server has let it in. Null when it was not about to log in. */
    @Nullable
    Placed done(long sessionId) {
        Integer weight = leaving.remove(sessionId);
        if (weight != null) {
            leavingBytes -= weight;
        }
        return loggingIn.remove(sessionId);
    }

    /** Where a client is; null when it is not at a worker. */
    @Nullable
    Placed find(long sessionId) {
        Placed placed = sent.get(sessionId);
        return placed == null ? loggingIn.get(sessionId) : placed;
    }

    /** It was told to make room for others, or will be once its worker has acknowledged it. */
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

    /** The worker is gone: takes those that it had not acknowledged, whose connections are ours alone. */
    List<RoutedClient> takeUnacknowledged(Worker worker) {
        List<RoutedClient> clients =
                at(worker, sent.values()).map(Placed::client).toList();
        clients.forEach(client -> sent.remove(client.sessionId()));
        return clients;
    }

    /** The sessions of those that this worker had acknowledged. */
    List<Long> loggingInAt(Worker worker) {
        return at(worker, loggingIn.values())
                .map(placed -> placed.client().sessionId())
                .toList();
    }

    private static Stream<Placed> at(Worker worker, Collection<Placed> placed) {
        return placed.stream().filter(each -> each.worker() == worker);
    }
}
