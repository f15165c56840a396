package dev.pgproxy.master.supervisor;

/**
 * The state of a child's slot.
 *
 * @param phase see {@link Phase}
 * @param quickExits how many consecutive children of this slot exited soon after they were started
 * @param startedNs when the current child was started; meaningless in {@link Phase#WAITING}
 */
record ChildState(Phase phase, int quickExits, long startedNs) {

    /**
     * <pre>
     *   WAITING -> STARTING -> READY -> (exit) -> WAITING ...
     *   from every phase: -> STOPPING -> STOPPED
     * </pre>
     */
    enum Phase {
        /** No process; one is started when the pause is over. */
        WAITING,
        /** A process that has not said hello yet. */
        STARTING,
        READY,
        /** A process that was told to end. */
        STOPPING,
        STOPPED
    }

    static ChildState initial() {
        return new ChildState(Phase.WAITING, 0, 0);
    }

    boolean hasProcess() {
        return phase == Phase.STARTING || phase == Phase.READY || phase == Phase.STOPPING;
    }
}
