package dev.pgproxy.common.pool;

import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Decodes and encodes startup packets. The clients of an application send the same one, which is decoded and encoded once. For one thread. */
public final class KnownStartups {

    /** By the packet, one char per byte. */
    private final Map<String, StartupPacket.Startup> decoded = new RecentlyUsed<>();

    private final Map<StartupPacket.Startup, byte[]> encoded = new RecentlyUsed<>();

    /**
     * Reads a whole packet, as {@link StartupPacketDecoder#decode} does.
     *
     * @return the same object for the same StartupMessage
     * @throws ProtocolViolation when its content does not follow the protocol
     */
    public StartupPacket decode(byte[] packet) throws ProtocolViolation {
        if (packet.length > RecentlyUsed.MAX_SIZE) {
            return StartupPacketDecoder.decode(packet);
        }
        String key = new String(packet, StandardCharsets.ISO_8859_1);
        StartupPacket.@Nullable Startup known = decoded.get(key);
        if (known != null) {
            return known;
        }
        StartupPacket packetNow = StartupPacketDecoder.decode(packet);
        if (packetNow instanceof StartupPacket.Startup startup) {
            decoded.put(key, startup);
        }
        return packetNow;
    }

    /** The packet of {@link StartupPacket.Startup#packet}, which must not be changed. */
    public byte[] packet(StartupPacket.Startup startup) {
        byte @Nullable [] known = encoded.get(startup);
        if (known != null) {
            return known;
        }
        byte[] packet = startup.packet();
        if (packet.length <= RecentlyUsed.MAX_SIZE) {
            encoded.put(startup, packet);
        }
        return packet;
    }
}
