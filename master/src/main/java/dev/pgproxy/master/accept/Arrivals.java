package dev.pgproxy.master.accept;

import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.protocol.StartupPacket;

/** Takes over clients after their first packet. */
public interface Arrivals {

    /** A client that wants to log in. */
    void onClient(Client client);

    /** A CancelRequest; the connection is the receiver's to close when the cancel is over. */
    void onCancel(ClientConnection connection, StartupPacket.CancelRequest request);

    /**
     * Whether one more connection can be taken at all.
     *
     * @param pending connections whose startup packet is not complete
     */
    boolean hasRoom(int pending);

    /**
     * Has a client give way that has not proved who it is, and takes no less memory than this, in bytes.
     *
     * @return false when there is none
     */
    boolean letGiveWay(int bytes);
}
