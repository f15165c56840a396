package dev.pgproxy.master.supervisor;

import dev.pgproxy.common.io.LibcException;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.ipc.ControlMessage;

/** A pool-worker as those see it who give it clients. */
public interface PoolWorkerLink extends ChildLink {

    /** Unique among the workers that there are now. */
    int slot();

    /**
     * As {@link #send}, with a duplicate of the descriptor.
     *
     * @throws LibcException when no descriptor is left for the duplicate
     */
    void sendWithFd(ControlMessage message, OwnedFd fd) throws LibcException;
}
