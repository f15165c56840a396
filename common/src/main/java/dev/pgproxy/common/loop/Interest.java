package dev.pgproxy.common.loop;

/** Bits for what a {@link Transport} waits for and what it is ready for; plain ints, since the relay reads them per wake-up. */
public final class Interest {

    public static final int NONE = 0;
    public static final int READ = 1;
    public static final int WRITE = 2;

    /** Only ever reported, never asked for: the peer reset the connection or both directions are shut. */
    public static final int HANGUP = 4;

    private Interest() {}
}
