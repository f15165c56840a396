package dev.pgproxy.common.ipc;

/** A one-time task of the task-worker on a server. */
public enum Errand {
    /** Find out whether a standby could be told to become the primary. */
    EXAMINE,
    /** Tell a standby to become the primary. */
    PROMOTE,
    /** The same, after {@link #LIFT_FENCE}. */
    LIFT_FENCE_AND_PROMOTE,
    /** Make a primary that will be replaced read only by default, and end the sessions on it that are not pgproxy's own. */
    FENCE,
    /** Undo {@link #FENCE}, where it is in force. */
    LIFT_FENCE;

    /** Whether a standby may be the primary afterwards. */
    public boolean promotes() {
        return this == PROMOTE || this == LIFT_FENCE_AND_PROMOTE;
    }
}
