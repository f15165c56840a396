package dev.pgproxy.master.worker;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;

/** A child that can be given work. */
public interface Worker {

    ChildKind kind();

    /** Its number among its kind, from 1: unique among the workers that there are now. */
    int slot();

    /** Its process id. */
    long pid();

    /** As logs and tables call it: {@code pool-1}, {@code task}. */
    String name();

    /** Queues a message, and takes over its descriptors; for a worker that is gone this closes them. */
    void send(ControlMessage message);

    /** Whether it keeps up with what it is sent; one that does not is given nothing more for a while. */
    boolean hasRoom();
}
