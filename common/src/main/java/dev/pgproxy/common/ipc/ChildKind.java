package dev.pgproxy.common.ipc;

/** The kinds of process that the master starts. */
public enum ChildKind {
    POOL,
    TASK;

    /** How it is written in logs and process names. */
    public String label() {
        return this == POOL ? "pool" : "task";
    }
}
