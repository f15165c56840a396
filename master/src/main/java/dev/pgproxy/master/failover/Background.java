package dev.pgproxy.master.failover;

/** Runs blocking tasks, one at a time, off the loop's thread. */
public interface Background {

    /**
     * Submits a task.
     *
     * @return false when too many tasks wait already
     */
    boolean run(Runnable task);

    /** Starts no more tasks. */
    void close();
}
