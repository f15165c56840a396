package dev.pgproxy.master.routing;

import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.accept.Client;
import java.util.List;
import java.util.function.Supplier;

/** Clients whose startup packet has been read, on connections whose far ends the test holds. */
final class PlayedClients {

    private final Supplier<? extends ClientConnection> connections;

    /** @param connections creates one for each client */
    PlayedClients(Supplier<? extends ClientConnection> connections) {
        this.connections = connections;
    }

    static StartupPacket.Startup startup(String user) {
        return new StartupPacket.Startup(
                3 << 16,
                new StartupParameters(List.of(
                        new StartupParameters.Parameter("database", "shop"),
                        new StartupParameters.Parameter("user", user))));
    }

    /** @param neighbour the last byte of its address */
    Client client(long id, String user, int neighbour) {
        return on(connections.get(), id, user, neighbour);
    }

    static Client on(ClientConnection connection, long id, String user, int neighbour) {
        return new Client(id, connection, new Peer.Tcp("10.0.0." + neighbour, 40_000), startup(user), 0);
    }

    /** Such a client on its way to this server. */
    RoutedClient routed(long id, Endpoint server, String user, int neighbour, Standing standing) {
        return routed(client(id, user, neighbour), server, standing);
    }

    static RoutedClient routed(Client client, Endpoint server, Standing standing) {
        StartupPacket.Startup startup = client.startup();
        return new RoutedClient(client, startup, PoolKey.of(server, startup, List.of()), 0, null, standing);
    }
}
