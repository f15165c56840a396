package dev.pgproxy.master.accept;

import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.protocol.StartupPacket;

/** Who takes over clients after their first packet. */
public interface Arrivals {

    /** A client that wants to log in. */
    void onClient(Client client);

    /** A CancelRequest; the connection is the receiver's to close when the cancel is over. */
    void onCancel(SocketTransport transport, StartupPacket.CancelRequest request);

    /** Whether one more connection can be taken at all. */
    boolean hasRoom();

    /** Whether there is memory for a client that takes so much of it, in bytes. */
    boolean hasRoomFor(int bytes);

    /**
     * Has a client give way that has not proved who it is, and takes no less memory than this.
     *
     * @return false when there is none
     */
    boolean letGiveWay(int bytes);

    /** There is no memory for another client, unless one gives way. */
    void memoryFull();
}
