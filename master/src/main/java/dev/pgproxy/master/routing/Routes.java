package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.pool.PoolKeys;
import dev.pgproxy.master.accept.Client;
import java.util.List;
import java.util.Set;

/** Which server each client is for: {@link Router}'s decision under the configuration in force and with the present servers. */
final class Routes {

    private final PoolKeys keys = new PoolKeys();
    private ProxyConfig config;
    private Router.Servers servers;

    Routes(ProxyConfig config) {
        this.config = config;
        this.servers =
                new Router.Servers(config.servers().primary(), config.servers().standbys(), 0);
    }

    void configure(ProxyConfig newConfig) {
        config = newConfig;
    }

    /** Sets the primary and the standbys. */
    void serversAre(Endpoint primary, List<Endpoint> standbys) {
        servers = new Router.Servers(primary, standbys, servers.turn());
    }

    Endpoint primary() {
        return servers.primary();
    }

    List<Endpoint> standbys() {
        return servers.standbys();
    }

    boolean areServedBy(Endpoint server) {
        return server.equals(servers.primary()) || servers.standbys().contains(server);
    }

    /**
     * Routes a client, which takes a turn of the standbys if it goes to one.
     *
     * @param tried servers that could not serve it
     */
    Router.Route take(Client client, Set<Endpoint> tried) {
        Router.Route route = Router.route(client.startup(), servers, config.routing(), tried);
        if (route instanceof Router.Route.To to && to.usedTurn()) {
            servers = new Router.Servers(servers.primary(), servers.standbys(), servers.turn() + 1);
        }
        return route;
    }

    /** Where a client would go, without taking a turn. */
    Router.Route see(Client client) {
        return Router.route(client.startup(), servers, config.routing(), Set.of());
    }

    PoolKey keyOf(Router.Route.To to) {
        return keys.of(to.server(), to.startup(), config.poolIgnoreParameters());
    }
}
