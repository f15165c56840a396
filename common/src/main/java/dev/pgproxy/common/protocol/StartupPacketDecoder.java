package dev.pgproxy.common.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Reads a client's first packet. Every length is checked before it is used. */
public final class StartupPacketDecoder {

    /** The server's MAX_STARTUP_PACKET_LENGTH. */
    public static final int MAX_PACKET_BYTES = 10_000;

    /** The length and the code that every kind of startup packet begins with. */
    public static final int HEADER_BYTES = 8;

    public static final int LENGTH_BYTES = 4;

    /** Many times what any driver sends; thousands of empty ones would cost far more memory than their bytes. */
    private static final int MAX_PARAMETERS = 250;

    static final int CANCEL_REQUEST_CODE = (1234 << 16) | 5678;
    private static final int SSL_REQUEST_CODE = (1234 << 16) | 5679;
    private static final int GSSENC_REQUEST_CODE = (1234 << 16) | 5680;
    private static final int CANCEL_HEADER_BYTES = 12;
    private static final int MAX_SECRET_BYTES = 256;

    private StartupPacketDecoder() {}

    /**
     * Checks the Int32 that a packet begins with: its own length, itself included.
     *
     * @return the length in bytes, {@value #HEADER_BYTES} to {@value #MAX_PACKET_BYTES}
     * @throws ProtocolViolation when it is outside these bounds
     */
    public static int checkedLength(int length) throws ProtocolViolation {
        if (length < HEADER_BYTES || length > MAX_PACKET_BYTES) {
            throw new ProtocolViolation("invalid length of startup packet");
        }
        return length;
    }

    /**
     * Reads a whole packet.
     *
     * @param packet including the length word; its size was checked with {@link #checkedLength}
     * @throws ProtocolViolation when its content does not follow the protocol
     */
    public static StartupPacket decode(byte[] packet) throws ProtocolViolation {
        ByteBuffer in = ByteBuffer.wrap(packet);
        int code = in.getInt(LENGTH_BYTES);
        in.position(HEADER_BYTES);
        if (code == CANCEL_REQUEST_CODE) {
            return cancelRequest(in);
        }
        if (code == SSL_REQUEST_CODE || code == GSSENC_REQUEST_CODE) {
            if (in.hasRemaining()) {
                throw new ProtocolViolation("invalid length of encryption request packet");
            }
            return code == SSL_REQUEST_CODE ? new StartupPacket.SslRequest() : new StartupPacket.GssEncRequest();
        }
        if (code >>> 16 != ProtocolVersion.MAJOR) {
            throw new ProtocolViolation(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    "unsupported frontend protocol " + (code >>> 16) + "." + (code & 0xffff)
                            + ": server supports 3.0 to " + ProtocolVersion.display(ProtocolVersion.NEWEST));
        }
        StartupParameters parameters = parameters(in);
        StartupPacket.Startup startup = new StartupPacket.Startup(code, parameters);
        if (startup.packet().length > MAX_PACKET_BYTES) {
            // The packet is rewritten for the server, with the database that it left out.
            throw new ProtocolViolation("the startup packet is too long with the database that it leaves out");
        }
        return startup;
    }

    private static StartupPacket cancelRequest(ByteBuffer in) throws ProtocolViolation {
        int secretBytes = in.capacity() - CANCEL_HEADER_BYTES;
        if (secretBytes < 1 || secretBytes > MAX_SECRET_BYTES) {
            throw new ProtocolViolation("invalid length of cancel request packet");
        }
        int pid = in.getInt();
        byte[] secret = new byte[secretBytes];
        in.get(secret);
        return new StartupPacket.CancelRequest(pid, secret);
    }

    private static StartupParameters parameters(ByteBuffer in) throws ProtocolViolation {
        List<StartupParameters.Parameter> pairs = new ArrayList<>();
        while (true) {
            String name = string(in);
            if (name.isEmpty()) {
                break;
            }
            pairs.add(new StartupParameters.Parameter(name, string(in)));
            checkCount(pairs);
        }
        if (in.hasRemaining()) {
            throw invalidLayout();
        }
        StartupParameters parameters = StartupParameters.of(pairs);
        checkCount(parameters.sorted());
        if (parameters.user().isEmpty()) {
            throw new ProtocolViolation(
                    SqlState.INVALID_AUTHORIZATION_SPECIFICATION,
                    "no PostgreSQL user name specified in startup packet");
        }
        return parameters;
    }

    private static void checkCount(List<StartupParameters.Parameter> pairs) throws ProtocolViolation {
        if (pairs.size() > MAX_PARAMETERS) {
            throw new ProtocolViolation("more than " + MAX_PARAMETERS + " parameters in startup packet");
        }
    }

    private static String string(ByteBuffer in) throws ProtocolViolation {
        int start = in.position();
        while (in.hasRemaining()) {
            if (in.get() == 0) {
                byte[] text = new byte[in.position() - 1 - start];
                in.get(start, text);
                return new String(text, StandardCharsets.ISO_8859_1);
            }
        }
        throw invalidLayout();
    }

    private static ProtocolViolation invalidLayout() {
        return new ProtocolViolation("invalid startup packet layout: expected terminator as last byte");
    }
}
