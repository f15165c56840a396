package dev.pgproxy.master.accept;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.io.TcpSockets;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Set;

/** The connections whose startup packet is still on its way, and the way out for those that are refused. */
public final class Logins {

    private final EventLoop loop;
    private final EpollPoller poller;
    private final Arrivals arrivals;
    private final LingeringClose lingering;
    private SocketTuning tuning;
    private long timeoutMs;
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(StartupReader.MAX_READ_BYTES);
    private final Set<StartupReader> reading = new HashSet<>();
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
        if (!arrivals.hasRoom()) {
            refuse(transport, tooManyClients());
            return;
        }
        StartupReader reader = new StartupReader(transport, accepted.peer(), this);
        reading.add(reader);
        reader.start();
    }

    /** Connections whose packet is not complete. */
    public int count() {
        return reading.size();
    }

    /** The words for a client above max_client_conn. */
    public static byte[] tooManyClients() {
        return BackendMessage.fatal(
                SqlState.TOO_MANY_CONNECTIONS,
                "sorry, too many clients already",
                "Close connections that are not needed, or raise max_client_conn of the proxy.");
    }

    /** Says why and closes. */
    public void refuse(Transport transport, byte[] why) {
        lingering.close(transport, why);
    }

    /** The proxy stops: nobody may begin any more. */
    public void refuseAll(byte[] why) {
        for (StartupReader reader : new ArrayList<>(reading)) {
            reader.refuse(why);
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
        reading.remove(reader);
    }
}
