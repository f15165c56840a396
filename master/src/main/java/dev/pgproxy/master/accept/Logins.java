package dev.pgproxy.master.accept;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.io.TcpSockets;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupParameters;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The connections whose startup packet is still on its way, and the way out for those that are refused. */
public final class Logins {

    /** Small packets on their way that make room for one larger. */
    private static final int MAX_HOLDERS_AT_ONCE = 4;

    private final EventLoop loop;
    private final EpollPoller poller;
    private final Arrivals arrivals;
    private final LingeringClose lingering;
    private SocketTuning tuning;
    private long timeoutMs;
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(StartupReader.MAX_READ_BYTES);
    /** By where they come from, in order of arrival. */
    private final Map<String, Set<StartupReader>> reading = new LinkedHashMap<>();

    /** Those of them that hold a part of a large packet. */
    private final Map<String, Set<StartupReader>> holding = new LinkedHashMap<>();

    private int readingCount;
    private long heldBytes;
    private long containedFaults;
    private final EventThrottle refusals = new EventThrottle();
    private long nextClientId = 1;

    /** @param timeoutMs bound on the whole of a startup packet's arrival */
    public Logins(
            EventLoop loop,
            EpollPoller poller,
            LingeringClose lingering,
            SocketTuning tuning,
            long timeoutMs,
            Arrivals arrivals) {
        this.loop = loop;
        this.poller = poller;
        this.lingering = lingering;
        this.tuning = tuning;
        this.timeoutMs = timeoutMs;
        this.arrivals = arrivals;
    }

    /** For connections that are accepted from now on. */
    public void configure(SocketTuning newTuning, long newTimeoutMs) {
        tuning = newTuning;
        timeoutMs = newTimeoutMs;
    }

    /** Takes over an accepted connection. */
    void begin(TcpSockets.Accepted accepted) {
        TcpSockets.tune(accepted.fd(), tuning);
        SocketTransport transport = new SocketTransport(accepted.fd(), poller);
        if (!arrivals.hasRoom() && !letGiveWay()) {
            refuse(transport, tooManyClients());
            return;
        }
        StartupReader reader = new StartupReader(transport, accepted.peer(), this);
        reading.computeIfAbsent(reader.group(), key -> new LinkedHashSet<>()).add(reader);
        readingCount++;
        reader.start();
    }

    /**
     * Makes room among those who have not said yet what they want: whoever has said nothing for longest gives way, of the neighbour who
     * has the most of them. What a cancel, an operator or a client says first comes with its connection, or right behind it.
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
     * Takes note of what a reader is about to hold. When there is no room, somebody gives way who takes no less: one whose packet has been
     * on its way for longest, or a client that has not proved who it is.
     *
     * @return false when there is no room for it
     */
    boolean reserve(StartupReader reader, int bytes) {
        if (!hasRoomFor(bytes) && !letHolderGiveWay(bytes) && !arrivals.letGiveWay(bytes)) {
            return false;
        }
        heldBytes += bytes;
        holding.computeIfAbsent(reader.group(), key -> new LinkedHashSet<>()).add(reader);
        return true;
    }

    /** Whether there is memory for a client that takes this much of it, in bytes; the log says so when there is not. */
    public boolean hasRoomFor(int bytes) {
        if (arrivals.hasRoomFor(bytes)) {
            return true;
        }
        arrivals.memoryFull();
        return false;
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

    /** Bytes that connections hold whose packet is not complete, about. */
    public long heldBytes() {
        return heldBytes;
    }

    /** A fault of the proxy's own has cost one client its login. */
    void faulted() {
        containedFaults++;
    }

    /** How often that was. */
    public long containedFaults() {
        return containedFaults;
    }

    /** Connections whose packet is not complete. */
    public int count() {
        return readingCount;
    }

    /** The words for a client that there is no memory for. */
    static byte[] outOfMemory() {
        return tooMany(
                "The startup packets of all clients fill the memory that the proxy has for them; its log says more.");
    }

    /** The words for a client whose session could go on with another server, if there were memory for it meanwhile. */
    public static byte[] noRoomToStay() {
        return BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection because its server is replaced and the proxy has no memory to keep it",
                "Connect again. The startup packets of all clients fill the memory that the proxy has for them; its log says more.");
    }

    /** The words for a client above max_client_conn. */
    public static byte[] tooManyClients() {
        return tooMany("Close connections that are not needed, or raise max_client_conn of the proxy.");
    }

    /** The words for a client that has to make room for another one. */
    public static byte[] gaveWay() {
        return tooMany("The login took too long while others wanted to log in: connect again.");
    }

    private static byte[] tooMany(String hint) {
        return BackendMessage.fatal(SqlState.TOO_MANY_CONNECTIONS, "sorry, too many clients already", hint);
    }

    /** Tells of a client that has to make room for another one. */
    public void tellOfGivingWay(InetSocketAddress peer) {
        Event.of("client_gave_way")
                .limitedBy(refusals, loop.clock().nanoTime())
                .with("peer", TcpSockets.display(peer))
                .with("sqlstate", SqlState.TOO_MANY_CONNECTIONS)
                .message("a client that had not proved who it is made room for another one")
                .hint("When these are no attackers, raise max_client_conn, or let clients log in faster.")
                .warn();
    }

    /** Says why and closes. */
    public void refuse(Transport transport, byte[] why) {
        lingering.close(transport, why);
    }

    /** As {@link #refuse}, for a client whose startup packet is known; the log says so. */
    public void refuse(Client client, Transport transport, byte[] why) {
        StartupParameters who = client.startup().parameters();
        Event event = Event.of("login_refused")
                .limitedBy(refusals, loop.clock().nanoTime())
                .with("peer", TcpSockets.display(client.peer()))
                .with("user", StartupParameters.display(who.user()))
                .with("database", StartupParameters.display(who.database()))
                .with("sqlstate", BackendMessage.sqlState(why))
                .message(StartupParameters.display(BackendMessage.errorField(why, 'M')));
        String hint = BackendMessage.errorField(why, 'H');
        (hint.isEmpty() ? event : event.hint(StartupParameters.display(hint))).info();
        refuse(transport, why);
    }

    /** A client that was told that there is no TLS has left without another word. */
    void leftWithoutTls(InetSocketAddress peer) {
        Event.of("login_refused")
                .limitedBy(refusals, loop.clock().nanoTime())
                .with("peer", TcpSockets.display(peer))
                .message("the client asked for TLS, which the proxy does not speak yet, and left")
                .hint("Let it connect with sslmode=disable or prefer.")
                .info();
    }

    /** The proxy stops: nobody may begin any more. */
    public void refuseAll(byte[] why) {
        for (Set<StartupReader> ofGroup : List.copyOf(reading.values())) {
            List.copyOf(ofGroup).forEach(reader -> reader.refuse(why));
        }
    }

    /** Bounds the lines about clients that are refused. */
    public EventThrottle refusals() {
        return refusals;
    }

    EventLoop loop() {
        return loop;
    }

    long timeoutMs() {
        return timeoutMs;
    }

    ByteBuffer scratch() {
        return scratch.clear();
    }

    long nextClientId() {
        return nextClientId++;
    }

    Arrivals arrivals() {
        return arrivals;
    }

    void ended(StartupReader reader) {
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
