package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.ClientMemory;
import dev.pgproxy.master.accept.ClientWeight;
import dev.pgproxy.master.accept.Refusals;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Clients whose session is on no server, between a change of the primary and their next query. Their connections are only watched for
 * input; the worker that gets the client reads it.
 */
final class ParkedClients {

    /** The timer is null when the client may be idle forever. */
    private record Parked(Client client, Resumption resumption, long sinceNs, Scheduler.@Nullable Timer timer) {}

    private final EventLoop loop;
    private final Refusals refusals;
    private final ClientMemory memory;
    private final Function<Descriptor, ClientConnection> connections;
    private final BiConsumer<Client, Resumption> awake;
    private final Map<Long, Parked> parked = new HashMap<>();
    private ProxyConfig config;
    private long heldBytes;

    /**
     * Starts without clients.
     *
     * @param connections makes a client connection of a descriptor that a worker has given back
     * @param awake takes over a client that has sent something
     */
    ParkedClients(
            EventLoop loop,
            ProxyConfig config,
            Refusals refusals,
            ClientMemory memory,
            Function<Descriptor, ClientConnection> connections,
            BiConsumer<Client, Resumption> awake) {
        this.loop = loop;
        this.config = config;
        this.refusals = refusals;
        this.memory = memory;
        this.connections = connections;
        this.awake = awake;
    }

    void configure(ProxyConfig newConfig) {
        config = newConfig;
    }

    /**
     * Takes over a client that a worker gives back.
     *
     * @param closedBecause the message to refuse it with; null when it can stay
     */
    void park(SessionMessages.SessionParked message, byte @Nullable [] closedBecause) {
        Client client = new Client(
                message.sessionId(),
                connections.apply(message.client()),
                message.origin().peer(),
                startup(message.startupPacket()),
                0);
        if (closedBecause != null) {
            refusals.refuse(client.connection(), closedBecause);
        } else if (!memory.hasRoomFor(weight(client, message.resumption()))) {
            refusals.refuse(client.connection(), Refusals.noRoomToStay());
        } else {
            add(client, message.resumption(), message.idleMs());
        }
    }

    private static StartupPacket.Startup startup(byte[] packet) {
        try {
            return (StartupPacket.Startup) StartupPacketDecoder.decode(packet);
        } catch (ProtocolViolation e) {
            throw new IllegalStateException("a worker parked a client without a startup packet", e);
        }
    }

    private void add(Client client, Resumption resumption, long idleMs) {
        long boundMs = config.exemptions().match(client.startup().parameters())
                ? 0
                : config.timeouts().activeConnection().toMillis();
        Scheduler.@Nullable Timer timer = boundMs == 0
                ? null
                : loop.scheduler().afterMs(Math.max(1, boundMs - idleMs), () -> timedOut(client.sessionId()));
        long sinceNs = loop.clock().nanoTime() - TimeUnit.MILLISECONDS.toNanos(idleMs);
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
            refusals.refuse(client, client.connection(), BackendMessage.idleSessionTimeout());
        }
    }

    /** Hands the client over to the caller; null when it is not parked. */
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

    /** Hands all clients over to the caller. */
    List<Client> takeAll() {
        List<Client> all = parked.values().stream().map(Parked::client).toList();
        all.forEach(client -> take(client.sessionId()));
        return all;
    }

    /** Visits all clients, each with the time since when it has been idle. */
    void forEach(ObjLongConsumer<Client> visitor) {
        parked.values().forEach(each -> visitor.accept(each.client(), each.sinceNs()));
    }

    /** Approximate bytes that the client takes here. */
    static int weight(Client client, Resumption resumption) {
        return ClientWeight.of(client.startup().parameters()) + resumption.heldBytes();
    }

    /** Approximate bytes that all clients take here. */
    long heldBytes() {
        return heldBytes;
    }

    int size() {
        return parked.size();
    }
}
