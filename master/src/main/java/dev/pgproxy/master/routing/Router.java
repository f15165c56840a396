package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.protocol.StartupParameters;
import java.util.List;

/** Says which server a client is for: a pure function of a snapshot of the servers. */
public final class Router {

    /**
     * What is known of the servers.
     *
     * @param standbys the ones that may be read from now
     * @param turn how many clients were sent to standbys so far; chooses the next one
     */
    public record Servers(ServerAddress primary, List<ServerAddress> standbys, long turn) {}

    /** The answer. */
    public sealed interface Route {
        /** @param usedTurn whether this client took a standby's turn */
        record To(ServerAddress server, boolean usedTurn) implements Route {}

        /** There is no server for this client. */
        record Nowhere() implements Route {}
    }

    private Router() {}

    /** Users whose name ends in the suffix go to the standbys in turn, everybody else to the primary. */
    public static Route route(StartupParameters client, Servers servers, ProxyConfig.Routing routing) {
        String suffix = routing.standbyUserSuffix();
        if (suffix.isEmpty() || !client.user().endsWith(suffix)) {
            return new Route.To(servers.primary(), false);
        }
        List<ServerAddress> standbys = servers.standbys();
        if (!standbys.isEmpty()) {
            return new Route.To(standbys.get((int) Long.remainderUnsigned(servers.turn(), standbys.size())), true);
        }
        return routing.fallback() == ProxyConfig.StandbyFallback.PRIMARY
                ? new Route.To(servers.primary(), false)
                : new Route.Nowhere();
    }
}
