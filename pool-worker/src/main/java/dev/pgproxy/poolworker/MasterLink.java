package dev.pgproxy.poolworker;

import dev.pgproxy.common.ipc.ControlMessage;

/** The link to the master. */
public interface MasterLink {

    /** Queues a message and takes over its descriptors; once the master is gone, this closes them. */
    void send(ControlMessage.ToMaster message);

    /** As {@link #send}, but the master receives it before anything that can follow from what this worker does next. */
    void sendAtOnce(ControlMessage.ToMaster message);

    /** Whether the master keeps up with its messages; if not, messages that can wait should wait. */
    boolean hasRoom();

    /** As {@link #send}; the task runs once the message can no longer be lost. It does not run if the master is gone. */
    void send(ControlMessage.ToMaster message, Runnable whenWritten);
}
