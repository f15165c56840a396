package dev.pgproxy.master;

import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.master.accept.Arrivals;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.admin.OperatorDesk;
import dev.pgproxy.master.cancel.CancelDesk;
import dev.pgproxy.master.routing.Dispatcher;
import java.util.function.IntSupplier;

/** Routes each client by its first packet: to a server, to pg_proxy, or, with a CancelRequest, to the query to cancel. */
final class ClientEntrance implements Arrivals {

    /** The pseudo-database for operators. */
    private static final String ADMIN_DATABASE = "pg_proxy";

    /** Connections beyond max_client_conn that are still read from, so that a CancelRequest gets through when all places are taken. */
    private static final int EXTRA_CONNECTIONS = 64;

    private final Dispatcher dispatcher;
    private final CancelDesk cancels;
    private final OperatorDesk operators;
    private final IntSupplier maxClients;

    /** @param maxClients the current max_client_conn */
    ClientEntrance(Dispatcher dispatcher, CancelDesk cancels, OperatorDesk operators, IntSupplier maxClients) {
        this.dispatcher = dispatcher;
        this.cancels = cancels;
        this.operators = operators;
        this.maxClients = maxClients;
    }

    @Override
    public void onClient(Client client) {
        if (client.startup().parameters().database().equals(ADMIN_DATABASE)) {
            operators.submit(client);
        } else {
            dispatcher.submit(client);
        }
    }

    @Override
    public void onCancel(ClientConnection connection, StartupPacket.CancelRequest request) {
        operators.onCancel(request);
        cancels.submit(connection, request);
    }

    @Override
    public boolean hasRoom(int pending) {
        return dispatcher.clientCount() + pending < maxClients.getAsInt() + EXTRA_CONNECTIONS;
    }

    @Override
    public boolean letGiveWay(int bytes) {
        return dispatcher.letGiveWay(bytes);
    }
}
