package dev.pgproxy.master.accept;

import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.EventLoop;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The connections whose startup packet is still on its way. */
public final class PendingStartups implements ClientMemory.Holder, StartupReader.Host {

    /** Small packets on their way that make room for one larger. */
    private static final int MAX_HOLDERS_AT_ONCE = 4;

    private final EventLoop loop;
    private final Arrivals arrivals;
    private final Refusals refusals;
    private final ClientMemory memory;
    private long timeoutMs;
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(StartupReader.MAX_READ_BYTES);
    /** By where they come from, in order of arrival. */
    private final Map<String, Set<StartupReader>> reading = new LinkedHashMap<>();

    /** Those of them that hold a part of a large packet. */
    private final Map<String, Set<StartupReader>> holding = new LinkedHashMap<>();

    private final Counter accepted;
    private int readingCount;
    private long heldBytes;
    private long containedFaults;
    private long nextSessionId = 1;

    /** @param timeoutMs bound on the whole of a startup packet's arrival */
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

    /** For connections that are accepted from now on. */
    public void configure(long newTimeoutMs) {
        timeoutMs = newTimeoutMs;
    }

    /** Takes over an accepted connection. */
    public void begin(ClientConnection connection, InetSocketAddress peer) {
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
     * Makes room among those who have not said yet what they want: the one that has said nothing for longest gives way, of the neighbour who
     * has the most of them. What a cancel, an operator or a client says first comes with its connection, or right after it.
     *
     * @return false when there is nobody
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
     * When there is no room, somebody gives way who takes no less: one whose packet has been
     * on its way for longest, or a client that has not proved who it is.
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

    /** How often that was. */
    public long containedFaults() {
        return containedFaults;
    }

    @Override
    public int clientCount() {
        return readingCount;
    }

    /** The proxy stops: nobody may begin any more. */
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
