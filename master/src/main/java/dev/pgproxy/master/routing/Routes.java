package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.pool.SharedCopies;
import dev.pgproxy.master.accept.Client;
import java.util.List;
import java.util.Set;

/** Which server each client is for: what {@link Router} decides, by the configuration in force and the servers as they are now. */
final class Routes {

    private final SharedCopies<PoolKey> keys = SharedCopies.ofKeys();
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

    /** These servers play the parts from now on. */
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
     * Where a client goes; it takes its turn there.
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

    /** Where a client would go. */
    Router.Route see(Client client) {
        return Router.route(client.startup(), servers, config.routing(), Set.of());
    }

    PoolKey keyOf(Router.Route.To to) {
        return keys.of(PoolKey.of(to.server(), to.startup(), config.poolIgnoreParameters()));
    }
}
