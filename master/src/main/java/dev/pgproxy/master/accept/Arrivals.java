package dev.pgproxy.master.accept;

import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.protocol.StartupPacket;

/** Takes over clients after their first packet. */
public interface Arrivals {

    /** A client that wants to log in. */
    void onClient(Client client);

    /** A CancelRequest; the receiver closes the connection when the cancel is over. */
    void onCancel(ClientConnection connection, StartupPacket.CancelRequest request);

    /**
     * Whether one more connection can be taken at all.
     *
     * @param pending connections whose startup packet is not complete
     */
    boolean hasRoom(int pending);

    /**
     * Makes clients that have not proved who they are give way, enough of them to free this many bytes.
     *
     * @return false when there are not enough
     */
    boolean letGiveWay(int bytes);
}
