package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
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
     * @param name of the user or the database, one char per byte; empty for the whole server
     * @param strangers whose connections: {@link #EVERYBODY}'s, those of {@link #ALL_STRANGERS} together, or those of strangers from
     *     one neighbour
     */
    record Scope(Endpoint server, Kind kind, String name, String strangers) {

        static final String EVERYBODY = "";
        static final String ALL_STRANGERS = "all strangers";

        Scope(Endpoint server, Kind kind, String name) {
            this(server, kind, name, EVERYBODY);
        }

        boolean isOfStrangers() {
            return !strangers.equals(EVERYBODY);
        }

        private Scope of(String thoseStrangers) {
            return new Scope(server, kind, name, thoseStrangers);
        }
    }

    /** One in this many places of a limit is for strangers, and idle connections leave it free. */
    private static final int STRANGERS_DIVISOR = 10;
    /** With fewer places than this, none is kept free; a stranger may then take the place of an idle connection. */
    private static final int LEAST_WITH_RESERVE = 5;
    /** The places of strangers where max_server_conn sets no limit: half of a server's default max_connections. */
    private static final int STRANGERS_WITHOUT_LIMIT = 50;

    private final ProxyConfig.Limits limits;

    PlaceLimits(ProxyConfig.Limits limits) {
        this.limits = limits;
    }

    /** Whether nothing limits connections of this key. */
    boolean areNone(PoolKey key) {
        return scopes(key).stream().allMatch(scope -> limit(scope) == 0);
    }

    /** The scopes that count a connection of this key: always the server's, the others if they have a limit. Widest first. */
    List<Scope> scopes(PoolKey key) {
        List<Scope> scopes = new ArrayList<>(3);
        scopes.add(server(key.server()));
        add(scopes, new Scope(key.server(), Kind.USER, key.parameters().serverUser()));
        add(scopes, new Scope(key.server(), Kind.DATABASE, key.parameters().serverDatabase()));
        return scopes;
    }

    /**
     * The scopes that count a client that waits for a place. For a stranger, scopes of strangers come first: all strangers under each limit
     * and on the server, limited or not, and those of its neighbour on the server.
     */
    List<Scope> scopes(PoolKey key, Standing standing, String neighbour) {
        List<Scope> everybodys = scopes(key);
        return switch (standing) {
            case VISITOR -> List.of();
            case PROVED -> everybodys;
            case STRANGER -> {
                List<Scope> all = new ArrayList<>(strangersOf(everybodys, neighbour));
                all.addAll(everybodys);
                yield all;
            }
        };
    }

    /** The scopes of strangers that correspond to these. */
    List<Scope> strangersOf(List<Scope> everybodys, String neighbour) {
        List<Scope> strangers = new ArrayList<>();
        for (Scope scope : everybodys) {
            strangers.add(scope.of(Scope.ALL_STRANGERS));
            if (scope.kind() == Kind.SERVER) {
                strangers.add(scope.of(neighbour));
            }
        }
        return strangers;
    }

    /** Places of this scope that idle connections leave free, so that no room need be made for strangers. */
    int reserve(Scope scope) {
        int limit = limit(scope);
        return limit < LEAST_WITH_RESERVE ? 0 : Math.max(1, limit / STRANGERS_DIVISOR);
    }

    /** All strangers of a server together. */
    static Scope allStrangers(Endpoint server) {
        return server(server).of(Scope.ALL_STRANGERS);
    }

    static Scope server(Endpoint server) {
        return new Scope(server, Kind.SERVER, "");
    }

    private void add(List<Scope> scopes, Scope scope) {
        if (limit(scope) > 0) {
            scopes.add(scope);
        }
    }

    /** The limit, as the configuration names it. */
    String describe(Scope scope) {
        if (scope.isOfStrangers() && limit(scope.of(Scope.EVERYBODY)) == 0) {
            return limit(scope) + " for clients that have proved nothing, without max_server_conn";
        }
        String name = StartupParameters.display(scope.name());
        return switch (scope.kind()) {
                    case SERVER -> "max_server_conn";
                    case USER -> "limit.user." + name;
                    case DATABASE -> "limit.database." + name;
                }
                + (scope.isOfStrangers() ? ", of which clients that have proved nothing may have " : " = ")
                + limit(scope);
    }

    /** The most connections of this scope; 0 for no limit. */
    int limit(Scope scope) {
        if (scope.isOfStrangers()) {
            int everybodys = limit(scope.of(Scope.EVERYBODY));
            int all = everybodys == 0 ? STRANGERS_WITHOUT_LIMIT : Math.max(1, everybodys / STRANGERS_DIVISOR);
            return scope.strangers().equals(Scope.ALL_STRANGERS) ? all : Math.max(1, (all + 1) / 2);
        }
        return switch (scope.kind()) {
            case SERVER -> limits.serverConnections();
            case USER -> limits.ofUser().getOrDefault(scope.name(), 0);
            case DATABASE -> limits.ofDatabase().getOrDefault(scope.name(), 0);
        };
    }
}
