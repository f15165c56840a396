package dev.pgproxy.master.routing;

import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.ClientWeight;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Clients whose session is on no server between a change of the primary and their next query. Each is looked at only for whether it
 * has something to say; what it says is for the worker that gets it.
 */
final class ParkedClients {

    /** The timer is null when the client may be idle for ever. */
    private record Parked(Client client, Resumption resumption, long sinceNs, Scheduler.@Nullable Timer timer) {}

    private final EventLoop loop;
    private final BiConsumer<Client, Resumption> awake;
    private final Consumer<Client> timedOut;
    private final Map<Long, Parked> parked = new HashMap<>();
    private long heldBytes;

    /**
     * @param awake takes over a client that has something to say
     * @param timedOut takes over a client that had nothing to say for too long
     */
    ParkedClients(EventLoop loop, BiConsumer<Client, Resumption> awake, Consumer<Client> timedOut) {
        this.loop = loop;
        this.awake = awake;
        this.timedOut = timedOut;
    }

    /**
     * Takes over a client.
     *
     * @param idleMs how long it may do nothing from now on; 0 for ever
     * @param sinceNs since when it does nothing
     */
    void add(Client client, Resumption resumption, long idleMs, long sinceNs) {
        Scheduler.@Nullable Timer timer =
                idleMs == 0 ? null : loop.scheduler().afterMs(idleMs, () -> timedOut(client.sessionId()));
        parked.put(client.sessionId(), new Parked(client, resumption, sinceNs, timer));
        heldBytes += weight(client, resumption);
        client.connection().onReady(ready -> ready(client.sessionId(), ready));
        client.connection().interest(Interest.READ | Interest.HANGUP);
    }

    private void ready(long id, int ready) {
        Parked each = parked.get(id);
        if (each == null) {
            return;
        }
        take(id);
        if ((ready & Interest.HANGUP) != 0) {
            each.client().connection().close();
        } else {
            awake.accept(each.client(), each.resumption());
        }
    }

    private void timedOut(long id) {
        Client client = take(id);
        if (client != null) {
            timedOut.accept(client);
        }
    }

    /** The client, for the caller to take over; null when it is not here. */
    @Nullable
    Client take(long id) {
        Parked each = parked.remove(id);
        if (each == null) {
            return null;
        }
        heldBytes -= weight(each.client(), each.resumption());
        if (each.timer() != null) {
            each.timer().cancel();
        }
        each.client().connection().interest(Interest.NONE);
        return each.client();
    }

    /** All, for the caller to take over. */
    List<Client> takeAll() {
        List<Client> all = parked.values().stream().map(Parked::client).toList();
        all.forEach(client -> take(client.sessionId()));
        return all;
    }

    /** Shows all, with the time since when they do nothing. */
    void forEach(ObjLongConsumer<Client> visitor) {
        parked.values().forEach(each -> visitor.accept(each.client(), each.sinceNs()));
    }

    /** What it takes here, in bytes, about. */
    static int weight(Client client, Resumption resumption) {
        return ClientWeight.of(client.startup().parameters()) + resumption.heldBytes();
    }

    /** Bytes that they take, about. */
    long heldBytes() {
        return heldBytes;
    }

    int size() {
        return parked.size();
    }
}
