package dev.pgproxy.poolworker;

import dev.pgproxy.common.ipc.ControlMessage;

/** The way to the master. */
public interface MasterLink {

    /** Queues a message, and takes over its descriptors; after the master is gone this closes them. */
    void send(ControlMessage.ToMaster message);

    /** As {@link #send}; the master has it ahead of all that anybody does because of what this worker does next. */
    void sendAtOnce(ControlMessage.ToMaster message);

    /** Whether the master keeps up with what it is sent; else what can wait should. */
    boolean hasRoom();

    /** As {@link #send}; the task runs once the message cannot be lost any more. It does not run when the master is gone. */
    void send(ControlMessage.ToMaster message, Runnable whenWritten);
}
