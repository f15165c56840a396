package dev.pgproxy.common.child;

import dev.pgproxy.common.ipc.ControlMessage;

/** A child's own work. All methods are called on the loop's thread. */
public interface ChildRole {

    /** A message from the master that only children of this kind receive. */
    void onMessage(ControlMessage message);

    /** The master wants everything to end within this time, and then this process. */
    void shutDown(long graceMs);

    /**
     * The master is gone.
     *
     * @param reason for the log
     */
    void masterLost(String reason);

    /** SIGTERM arrived. */
    void terminate();

    /** Faults of the proxy's own that cost one session or one task each, since the start. */
    default long containedFaults() {
        return 0;
    }
}
