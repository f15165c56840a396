package dev.pgproxy.master.accept;

import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.pool.KnownStartups;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The connections whose startup packet is still on its way. */
public final class PendingStartups implements ClientMemory.Holder, StartupReader.Host {

    /** Small incomplete packets that may make room for a larger one. */
    private static final int MAX_HOLDERS_AT_ONCE = 4;

    private final EventLoop loop;
    private final Arrivals arrivals;
    private final Refusals refusals;
    private final ClientMemory memory;
    private long timeoutMs;
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(StartupReader.MAX_READ_BYTES);
    /** By neighbour, in order of arrival. */
    private final Map<String, Set<StartupReader>> reading = new LinkedHashMap<>();

    /** Those of them that hold part of a large packet. */
    private final Map<String, Set<StartupReader>> holding = new LinkedHashMap<>();

    private final KnownStartups known = new KnownStartups();
    private final Counter accepted;
    private int readingCount;
    private long heldBytes;
    private long containedFaults;
    private long nextSessionId = 1;

    /** @param timeoutMs time limit for the arrival of a whole startup packet */
    public PendingStartups(
            EventLoop loop,
            Refusals refusals,
            ClientMemory memory,
            long timeoutMs,
            Arrivals arrivals,
            Counters counters) {
        this.loop = loop;
        this.refusals = refusals;
        this.memory = memory;
        this.timeoutMs = timeoutMs;
        this.arrivals = arrivals;
        this.accepted = counters.counter("connections_accepted", "connections that clients have opened");
        memory.add(this);
        counters.add(
                "contained_faults", "faults of pgproxy's own that cost one client or session", () -> containedFaults);
    }

    /** Applies to connections accepted after this call. */
    public void configure(long newTimeoutMs) {
        timeoutMs = newTimeoutMs;
    }

    /** Takes over an accepted connection. */
    public void begin(ClientConnection connection, Peer peer) {
        accepted.increment();
        if (!arrivals.hasRoom(readingCount) && !letGiveWay()) {
            refusals.refuse(connection, Refusals.tooManyClients());
            return;
        }
        StartupReader reader = new StartupReader(connection, peer, this);
        reading.computeIfAbsent(reader.group(), key -> new LinkedHashSet<>()).add(reader);
        readingCount++;
        reader.start();
    }

    /**
     * Makes room among connections whose first packet is not complete: the oldest of the neighbour that has the most of them gives way.
     * The first packet of a cancel, an operator or a client arrives with its connection, or right after it.
     *
     * @return false when there are none
     */
    boolean letGiveWay() {
        Set<StartupReader> most = largest(reading);
        if (most.isEmpty()) {
            return false;
        }
        most.iterator().next().giveWay();
        return true;
    }

    private static Set<StartupReader> largest(Map<String, Set<StartupReader>> groups) {
        Set<StartupReader> most = Set.of();
        for (Set<StartupReader> ofGroup : groups.values()) {
            if (ofGroup.size() > most.size()) {
                most = ofGroup;
            }
        }
        return most;
    }

    /**
     * When there is no room, others that take at least as much give way: those whose packets have been on
     * their way longest, or clients that have not proved who they are.
     */
    @Override
    public boolean reserve(StartupReader reader, int bytes) {
        if (!memory.hasRoomFor(bytes) && !letHolderGiveWay(bytes) && !arrivals.letGiveWay(bytes)) {
            return false;
        }
        heldBytes += bytes;
        holding.computeIfAbsent(reader.group(), key -> new LinkedHashSet<>()).add(reader);
        return true;
    }

    private boolean letHolderGiveWay(int bytes) {
        List<StartupReader> first = new ArrayList<>();
        int sum = 0;
        for (StartupReader holder : largest(holding)) {
            if (sum >= bytes || first.size() == MAX_HOLDERS_AT_ONCE) {
                break;
            }
            first.add(holder);
            sum += holder.heldBytes();
        }
        if (sum < bytes) {
            return false;
        }
        first.forEach(StartupReader::giveWay);
        return true;
    }

    @Override
    public long heldBytes() {
        return heldBytes;
    }

    @Override
    public void faulted() {
        containedFaults++;
    }

    /** How often {@link #faulted} was called. */
    public long containedFaults() {
        return containedFaults;
    }

    @Override
    public int clientCount() {
        return readingCount;
    }

    /** The proxy stops: refuses all pending connections. */
    public void refuseAll(byte[] why) {
        for (Set<StartupReader> ofGroup : List.copyOf(reading.values())) {
            List.copyOf(ofGroup).forEach(reader -> reader.refuse(why));
        }
    }

    @Override
    public EventLoop loop() {
        return loop;
    }

    @Override
    public Refusals refusals() {
        return refusals;
    }

    @Override
    public StartupPacket decode(byte[] packet) throws ProtocolViolation {
        return known.decode(packet);
    }

    @Override
    public long timeoutMs() {
        return timeoutMs;
    }

    @Override
    public ByteBuffer scratch() {
        return scratch.clear();
    }

    @Override
    public long nextSessionId() {
        return nextSessionId++;
    }

    @Override
    public Arrivals arrivals() {
        return arrivals;
    }

    @Override
    public void ended(StartupReader reader) {
        Set<StartupReader> ofGroup = reading.get(reader.group());
        if (ofGroup != null && ofGroup.remove(reader)) {
            readingCount--;
            if (ofGroup.isEmpty()) {
                reading.remove(reader.group());
            }
            if (reader.heldBytes() > 0) {
                heldBytes -= reader.heldBytes();
                holding.computeIfPresent(reader.group(), (key, holders) -> {
                    holders.remove(reader);
                    return holders.isEmpty() ? null : holders;
                });
            }
        }
    }
}
