package dev.pgproxy.common.ipc;

/** The kinds of process that the master starts. */
public enum ChildKind {
    POOL("pool"),
    TASK("task"),
    ADMIN("admin");

    private final String label;

    ChildKind(String label) {
        this.label = label;
    }

    /** How it is written in logs and process names. */
    public String label() {
        return label;
    }
}
