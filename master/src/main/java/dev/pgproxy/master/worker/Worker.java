package dev.pgproxy.master.worker;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;

/** A child that can be given work. */
public interface Worker {

    ChildKind kind();

    /** Its number among the workers of its kind, from 1; unique among the current workers. */
    int slot();

    /** Its process id. */
    long pid();

    /** Its name in logs and tables: {@code pool-1}, {@code task}. */
    String name();

    /** Queues a message and takes ownership of its descriptors; if the worker is gone, closes them. */
    void send(ControlMessage message);

    /**
     * Handles at once what it has sent until now.
     *
     * @return false when a message of its own is being handled, so that this cannot be done, or when there may be more
     */
    boolean hear();

    /** Whether it keeps up with what it is sent; a worker that does not is given no more work for a while. */
    boolean hasRoom();
}
