package dev.pgproxy.common.child;

import dev.pgproxy.common.ipc.ControlMessage;

/** What a child is there for. All methods are called on the loop's thread. */
public interface ChildRole {

    /** The master says something that only children of this kind hear. */
    void onMessage(ControlMessage message);

    /** The master wants everything to end within this time, and this process after it. */
    void shutDown(long graceMs);

    /**
     * The master is gone.
     *
     * @param reason for the log
     */
    void masterLost(String reason);

    /** SIGTERM came. */
    void terminate();

    /** Faults of the proxy's own that cost one session or one task each, since the start. */
    default long containedFaults() {
        return 0;
    }
}
