package dev.pgproxy.common.loop;

/** Bits for what a {@link Transport} waits for and what it is ready for; plain ints, since the relay reads them per wake-up. */
public final class Interest {

    public static final int NONE = 0;
    public static final int READ = 1;
    public static final int WRITE = 2;

    /**
     * The peer will send no more, or broke the connection. Alone, it detects that a peer has left, without reading its input first; a
     * broken connection is reported with every interest but {@link #NONE}.
     */
    public static final int HANGUP = 4;

    /** The peer has closed in both directions, or the connection is broken; reported as {@link #HANGUP}. */
    public static final int RESET = 8;

    private Interest() {}
}
