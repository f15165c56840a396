package dev.pgproxy.poolworker;

import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.loop.Transport;

/** The way to the master. */
public interface MasterLink {

    /** Queues a message; after the master is gone this does nothing. */
    void send(ControlMessage.ToMaster message);

    /** As {@link #send}; the master has it ahead of all that anybody does because of what this worker does next. */
    void sendAtOnce(ControlMessage.ToMaster message);

    /** Hands the client's connection back to the master, who owns it from now on; closes it when the master is gone. */
    void giveBack(ControlMessage.ToMaster message, Transport frontend);

    /** Whether the master keeps up with what it is sent; else what can wait should. */
    boolean hasRoom();

    /** As {@link #send}; the task runs once the message cannot be lost any more. It does not run when the master is gone. */
    void send(ControlMessage.ToMaster message, Runnable whenWritten);
}
