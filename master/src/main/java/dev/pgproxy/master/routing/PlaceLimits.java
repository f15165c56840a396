package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupParameters;
import java.util.ArrayList;
import java.util.List;

/** How many connections a server may have: in all, of one user, and to one database. */
final class PlaceLimits {

    /** What a limit counts. */
    enum Kind {
        SERVER,
        USER,
        DATABASE
    }

    /**
     * Connections that are counted together.
     *
     * @param name of the user or the database, one char per byte; empty for all of the server
     */
    record Scope(ServerAddress server, Kind kind, String name) {}

    private final ProxyConfig.Limits limits;

    PlaceLimits(ProxyConfig.Limits limits) {
        this.limits = limits;
    }

    /** Where a connection of this key counts: always with its server, and wherever else there is a limit. Widest first. */
    List<Scope> scopes(PoolKey key) {
        List<Scope> scopes = new ArrayList<>(3);
        scopes.add(server(key.server()));
        add(scopes, new Scope(key.server(), Kind.USER, key.parameters().serverUser()));
        add(scopes, new Scope(key.server(), Kind.DATABASE, key.parameters().serverDatabase()));
        return scopes;
    }

    static Scope server(ServerAddress server) {
        return new Scope(server, Kind.SERVER, "");
    }

    private void add(List<Scope> scopes, Scope scope) {
        if (limit(scope) > 0) {
            scopes.add(scope);
        }
    }

    /** The limit, as the configuration names it. */
    String describe(Scope scope) {
        String name = StartupParameters.display(scope.name());
        return switch (scope.kind()) {
                    case SERVER -> "max_server_conn";
                    case USER -> "limit.user." + name;
                    case DATABASE -> "limit.database." + name;
                }
                + " = " + limit(scope);
    }

    /** The most connections of this scope; 0 for no limit. */
    int limit(Scope scope) {
        return switch (scope.kind()) {
            case SERVER -> limits.serverConnections();
            case USER -> limits.ofUser().getOrDefault(scope.name(), 0);
            case DATABASE -> limits.ofDatabase().getOrDefault(scope.name(), 0);
        };
    }
}
