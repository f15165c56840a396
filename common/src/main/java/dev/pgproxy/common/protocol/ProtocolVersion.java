package dev.pgproxy.common.protocol;

/** Versions of the protocol as the Int32 of a StartupMessage: major in the upper 16 bits, minor in the lower. */
public final class ProtocolVersion {

    public static final int MAJOR = 3;

    /** The newest version whose messages the relay understands; clients that ask for a newer one are negotiated down. */
    public static final int NEWEST = (3 << 16) | 2;

    /** The version that every server speaks. */
    public static final int PLAIN = 3 << 16;

    private ProtocolVersion() {}

    /** As people write it: {@code 3.2}. */
    public static String display(int version) {
        return (version >>> 16) + "." + (version & 0xffff);
    }
}
