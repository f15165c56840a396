package dev.pgproxy.common.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What the server is asked for when a client asks for more of the protocol than the relay understands, and what the client is then told. A
 * version up to {@link ProtocolVersion#NEWEST} without {@code _pq_.} options is passed on to the server, which answers for itself.
 */
public final class Negotiation {

    /** What the body of a NegotiateProtocolVersion begins with: Int32 version and Int32 count. */
    public static final int HEADER_BYTES = 8;

    private final boolean needed;
    private final int version;
    private final List<String> options;
    private final byte[] serverPacket;

    private Negotiation(boolean needed, int version, List<String> options, byte[] serverPacket) {
        this.needed = needed;
        this.version = version;
        this.options = options;
        this.serverPacket = serverPacket;
    }

    /** What this client asks for. */
    public static Negotiation of(StartupPacket.Startup startup) {
        List<String> options = new ArrayList<>();
        List<StartupParameters.Parameter> settings = new ArrayList<>();
        for (StartupParameters.Parameter parameter : startup.parameters().sorted()) {
            if (parameter.name().startsWith(StartupParameters.OPTION_PREFIX)) {
                options.add(parameter.name());
            } else {
                settings.add(parameter);
            }
        }
        boolean needed = startup.protocolVersion() > ProtocolVersion.NEWEST || !options.isEmpty();
        int version = Math.min(startup.protocolVersion(), ProtocolVersion.NEWEST);
        return new Negotiation(
                needed, version, options, needed ? FrontendMessage.startup(version, settings) : startup.packet());
    }

    /** The StartupMessage for the server. */
    public byte[] serverPacket() {
        return serverPacket;
    }

    /** Whether the client must get a NegotiateProtocolVersion even when the server sends none. */
    public boolean isNeeded() {
        return needed;
    }

    /** The message to the client when the server agreed to what it was asked. */
    public byte[] message() {
        return BackendMessage.negotiateProtocolVersion(version, options);
    }

    /** The message to the client when the server itself offered less, in this body: Int32 version, Int32 count, names. */
    public byte[] message(byte[] serverBody) {
        if (!needed || serverBody.length < HEADER_BYTES) {
            return BackendMessage.wrap(BackendMessage.NEGOTIATE_PROTOCOL_VERSION, serverBody);
        }
        ByteBuffer in = ByteBuffer.wrap(serverBody);
        int offered = Math.min(version, in.getInt());
        List<String> refused = new ArrayList<>(options);
        String names =
                new String(serverBody, HEADER_BYTES, serverBody.length - HEADER_BYTES, StandardCharsets.ISO_8859_1);
        for (String name : names.split("\0", -1)) {
            if (!name.isEmpty()) {
                refused.add(name);
            }
        }
        return BackendMessage.negotiateProtocolVersion(offered, refused);
    }
}
