package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.StartupPacket;
import java.util.List;
import java.util.Set;

/** Says which server a client is for: a pure function of a snapshot of the servers. */
public final class Router {

    /**
     * What is known of the servers.
     *
     * @param standbys those that may be read from now
     * @param turn how many clients were sent to standbys so far; selects the next standby
     */
    public record Servers(Endpoint primary, List<Endpoint> standbys, long turn) {}

    /** The answer. */
    public sealed interface Route {
        /**
         * To this server.
         *
         * @param usedTurn whether this client took a standby's turn
         * @param startup the client's startup packet for the server
         */
        record To(Endpoint server, boolean usedTurn, StartupPacket.Startup startup) implements Route {}

        /** There is no server for this client. */
        record Nowhere() implements Route {}
    }

    private Router() {}

    /**
     * Clients whose user or database name ends in the suffix go to the standbys in turn, all others to the primary.
     *
     * @param tried standbys that could not serve this client
     */
    public static Route route(
            StartupPacket.Startup client, Servers servers, ProxyConfig.Routing routing, Set<Endpoint> tried) {
        String database = client.parameters().database();
        String suffix = routing.standbyDatabaseSuffix();
        boolean byDatabase = endsWith(database, suffix) && database.length() > suffix.length();
        StartupPacket.Startup sent =
                byDatabase ? client.withDatabase(database.substring(0, database.length() - suffix.length())) : client;
        if (!byDatabase && !endsWith(client.parameters().user(), routing.standbyUserSuffix())) {
            return new Route.To(servers.primary(), false, sent);
        }
        List<Endpoint> standbys = tried.isEmpty()
                ? servers.standbys()
                : servers.standbys().stream()
                        .filter(standby -> !tried.contains(standby))
                        .toList();
        if (!standbys.isEmpty()) {
            Endpoint next = standbys.get((int) Long.remainderUnsigned(servers.turn(), standbys.size()));
            return new Route.To(next, true, sent);
        }
        return routing.fallback() == ProxyConfig.StandbyFallback.PRIMARY
                ? new Route.To(servers.primary(), false, sent)
                : new Route.Nowhere();
    }

    private static boolean endsWith(String name, String suffix) {
        return !suffix.isEmpty() && name.endsWith(suffix);
    }
}
