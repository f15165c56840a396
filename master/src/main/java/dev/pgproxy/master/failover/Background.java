package dev.pgproxy.master.failover;

/** Does what may block, one after the other, beside the loop. */
public interface Background {

    /**
     * Has a task done.
     *
     * @return false when too much waits already
     */
    boolean run(Runnable task);

    /** Begins nothing any more. */
    void close();
}
