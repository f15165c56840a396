package dev.pgproxy.common.channel;

import dev.pgproxy.common.ipc.ControlMessage;

/** One end of a connection between the master and a child. */
public interface Link {

    /** Hears what a link brings. */
    interface Listener {
        /** @param message with the descriptors that came along, which the listener owns */
        void onMessage(ControlMessage message);

        /**
         * Called once when the link ended; everything that arrived before was delivered.
         *
         * @param reason for the log
         * @param brokenHere the peer may well live: what it sent is not allowed, it does not read, or no descriptor was left here
         */
        void onClosed(String reason, boolean brokenHere);
    }

    /** From the next message on both speak this version, and the peer may send these. */
    void agree(int version, PermittedMessages next);

    /** Queues a message and takes over its descriptors. After the link closed they are closed, since its listener was told. */
    void send(ControlMessage message);

    /** Whether the peer keeps up with what it is sent. */
    boolean hasRoom();

    /** Whether the kernel vouches that this process is at the other end, and belongs to the same user. */
    boolean isOf(long pid);

    /** Ends the link; the listener is not called. */
    void close();
}
