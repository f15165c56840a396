package dev.pgproxy.master.accept;

import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/**
 * Reads one connection's startup packet and not a byte more: what follows is for the worker that gets the descriptor.
 * SSLRequest and GSSENCRequest are answered with N, at most once each. Protocol: "Start-up".
 */
final class StartupReader {

    static final int MAX_READ_BYTES = StartupPacketDecoder.MAX_PACKET_BYTES;

    /** A TLS handshake record, sent by clients that skip SSLRequest (sslnegotiation=direct). */
    private static final byte TLS_HANDSHAKE = 0x16;

    /** The owner of the readers. */
    interface Host {
        EventLoop loop();

        Refusals refusals();

        Arrivals arrivals();

        /** Time limit for the arrival of the whole startup packet. */
        long timeoutMs();

        /** An empty, shared buffer: its content is lost once the reader returns. */
        ByteBuffer scratch();

        /** A number that no client has had. */
        long nextSessionId();

        /**
         * Reserves the bytes that a reader is about to hold.
         *
         * @return false when there is no room for it
         */
        boolean reserve(StartupReader reader, int bytes);

        /**
         * Reads a whole packet.
         *
         * @throws ProtocolViolation when its content does not follow the protocol
         */
        StartupPacket decode(byte[] packet) throws ProtocolViolation;

        /** A fault in the proxy itself has cost one client its login. */
        void faulted();

        /** The reader is done with its connection. */
        void ended(StartupReader reader);
    }

    private final ClientConnection connection;
    private final Peer peer;
    private final Host host;
    private final Scheduler.Timer timer;
    private final long startedNs;
    private byte[] packet = new byte[StartupPacketDecoder.HEADER_BYTES];
    private int received;
    private final String group;
    private int heldBytes;
    private boolean tlsAsked;
    private boolean gssAsked;

    StartupReader(ClientConnection connection, Peer peer, Host host) {
        this.connection = connection;
        this.peer = peer;
        this.group = peer.group();
        this.host = host;
        this.startedNs = host.loop().clock().nanoTime();
        this.timer = host.loop()
                .scheduler()
                .afterMs(
                        host.timeoutMs(),
                        () -> refuse(BackendMessage.fatal(
                                SqlState.QUERY_CANCELED,
                                "canceling authentication due to timeout",
                                "No complete startup packet arrived within client_login_timeout.")));
    }

    /** The neighbour that it comes from. */
    String group() {
        return group;
    }

    /** Bytes that were reserved for it. */
    int heldBytes() {
        return heldBytes;
    }

    /** Reads what has arrived already, which for most clients is all; only a client that sends more later is watched. */
    void start() {
        if (advance()) {
            connection.onReady(ready -> advance());
            connection.interest(Interest.READ);
        }
    }

    /** @return whether there is more to come */
    private boolean advance() {
        try {
            while (true) {
                ByteBuffer scratch = host.scratch();
                scratch.limit(packet.length - received);
                int count = connection.read(scratch);
                if (count < 0) {
                    end(); // Health checks connect and leave without waiting for an answer.
                    if (tlsAsked && received == 0) {
                        host.refusals().noteLeavingWithoutTls(peer);
                    }
                    connection.close();
                    return false;
                }
                if (count == 0) {
                    return true;
                }
                scratch.flip().get(packet, received, count);
                received += count;
                if (!proceed()) {
                    return false;
                }
            }
        } catch (ProtocolViolation e) {
            host.refusals().noteViolation(peer, e);
            refuse(BackendMessage.fatal(e.sqlState(), e.description(), hint()));
        } catch (IOException e) {
            end();
            connection.close();
        }
        return false;
    }

    private String hint() {
        return packet[0] == TLS_HANDSHAKE
                ? "The proxy does not speak TLS yet: connect with sslmode=disable or prefer, and sslnegotiation=postgres."
                : "";
    }

    /** @return whether to continue reading */
    private boolean proceed() throws ProtocolViolation, IOException {
        if (received < StartupPacketDecoder.LENGTH_BYTES) {
            return true;
        }
        int length = StartupPacketDecoder.checkedLength(ByteBuffer.wrap(packet).getInt());
        if (received < StartupPacketDecoder.HEADER_BYTES) {
            return true;
        }
        if (packet.length < length) {
            int weight = ClientWeight.of(length);
            if (heldBytes == 0) {
                if (!host.reserve(this, weight)) {
                    refuse(Refusals.outOfMemory());
                    return false;
                }
                heldBytes = weight;
            }
            packet = java.util.Arrays.copyOf(packet, length);
            return true;
        }
        return received < length || dispatch(decode());
    }

    /** Whatever fault a client's packet causes, it costs only that client its login. */
    private StartupPacket decode() throws ProtocolViolation {
        try {
            return host.decode(packet);
        } catch (RuntimeException e) {
            host.faulted();
            host.refusals().noteFault(peer, e);
            throw ProtocolViolation.of("pgproxy could not read the startup packet");
        }
    }

    private boolean dispatch(StartupPacket decoded) throws ProtocolViolation, IOException {
        if (decoded instanceof StartupPacket.SslRequest) {
            return answerNo(tlsAsked, "SSL");
        }
        if (decoded instanceof StartupPacket.GssEncRequest) {
            return answerNo(gssAsked, "GSSAPI encryption");
        }
        end();
        connection.interest(Interest.NONE);
        if (decoded instanceof StartupPacket.CancelRequest cancel) {
            host.arrivals().onCancel(connection, cancel);
        } else if (decoded instanceof StartupPacket.Startup startup) {
            host.arrivals().onClient(new Client(host.nextSessionId(), connection, peer, startup, elapsedMs()));
        }
        return false;
    }

    private long elapsedMs() {
        return TimeUnit.NANOSECONDS.toMillis(host.loop().clock().nanoTime() - startedNs);
    }

    /** Bytes after the request were sent before the client could know the answer: an attacker may have injected them (CVE-2021-23214). */
    private boolean answerNo(boolean askedBefore, String what) throws ProtocolViolation, IOException {
        if (askedBefore) {
            throw ProtocolViolation.of(what + " was requested twice");
        }
        if (connection.hasInput(host.scratch())) {
            throw ProtocolViolation.of("received unencrypted data after " + what + " request");
        }
        tlsAsked |= what.equals("SSL");
        gssAsked |= !what.equals("SSL");
        ByteBuffer answer = host.scratch();
        answer.put((byte) 'N').flip();
        connection.write(answer);
        packet = new byte[StartupPacketDecoder.HEADER_BYTES];
        received = 0;
        return true;
    }

    /** Makes room for another connection. */
    void giveWay() {
        host.refusals().noteGivingWay(peer);
        refuse(Refusals.gaveWay());
    }

    void refuse(byte[] why) {
        end();
        host.refusals().refuse(connection, why);
    }

    private void end() {
        timer.cancel();
        host.ended(this);
    }
}
