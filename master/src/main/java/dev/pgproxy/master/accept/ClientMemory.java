package dev.pgproxy.master.accept;

import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.Clock;
import java.util.ArrayList;
import java.util.List;

/** The memory for what clients send before a server serves them. Its holders report how much they keep; no client is counted twice. */
public final class ClientMemory {

    /** Keeps clients and what they have sent. */
    public interface Holder {
        /** Approximate bytes that its clients take. */
        long heldBytes();

        int clientCount();
    }

    private final Clock clock;
    private final long maxBytes;
    private final List<Holder> holders = new ArrayList<>();
    private final EventThrottle full = new EventThrottle();

    /** @param maxBytes for all clients together */
    public ClientMemory(Clock clock, long maxBytes) {
        this.clock = clock;
        this.maxBytes = maxBytes;
    }

    /** Adds a holder to the count. */
    public void add(Holder holder) {
        holders.add(holder);
    }

    /** Whether there is memory for a client that takes this many bytes; if not, that is logged. */
    public boolean hasRoomFor(int bytes) {
        long held = holders.stream().mapToLong(Holder::heldBytes).sum();
        if (held + bytes <= maxBytes) {
            return true;
        }
        Event.of("client_memory_full")
                .limitedBy(full, clock.nanoTime())
                .with("held_bytes", held)
                .with("limit_bytes", maxBytes)
                .with("clients", holders.stream().mapToInt(Holder::clientCount).sum())
                .message(
                        "the startup packets of all clients fill the memory for them; a client that has not proved who it is"
                                + " gives way, or else the newest is refused")
                .hint(
                        "SELECT msg FROM startupmsg in pg_proxy shows which clients send much. PGPROXY_MASTER_OPTS=-Xmx512m gives the master more.")
                .warn();
        return false;
    }
}
