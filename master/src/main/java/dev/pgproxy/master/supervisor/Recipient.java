package dev.pgproxy.master.supervisor;

import dev.pgproxy.common.ipc.ControlMessage;

/** A child as those see it who only have something to say to it. */
@FunctionalInterface
public interface Recipient {

    /** Queues a message; for a child that is gone this does nothing. */
    void send(ControlMessage message);
}
