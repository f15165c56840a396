package dev.pgproxy.common.channel;

import dev.pgproxy.common.ipc.ControlMessage;

/** One end of a connection between the master and a child. */
public interface Link {

    /** Receives what arrives on a link. */
    interface Listener {
        /** @param message with its descriptors, which the listener owns */
        void onMessage(ControlMessage message);

        /**
         * Called once when the link has ended, after everything that arrived was delivered.
         *
         * @param reason for the log
         * @param brokenHere the peer may still be alive: it sent something that is not allowed, it does not read, or this
         *     process had no descriptor left
         */
        void onClosed(String reason, boolean brokenHere);
    }

    /** From the next message on, both sides speak this version, and the peer may send these messages. */
    void agree(int version, PermittedMessages next);

    /** Queues a message and takes over its descriptors. After the link has ended, it only closes them: the listener was told. */
    void send(ControlMessage message);

    /**
     * Delivers at once what has arrived, with the end if the link has ended.
     *
     * @return false when a message is being delivered, so that this cannot be done, or when there may be more
     */
    boolean hear();

    /** Whether the peer keeps up with what is sent to it. */
    boolean hasRoom();

    /** Whether, according to the kernel, this process is at the other end and belongs to the same user. */
    boolean isOf(long pid);

    /** Ends the link; the listener is not called. */
    void close();
}
