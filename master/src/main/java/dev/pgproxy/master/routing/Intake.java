package dev.pgproxy.master.routing;

import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.Refusals;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Finds a server for each client that connects or comes back, and puts it in line for a place there. */
final class Intake {

    static final byte[] NO_SERVER = BackendMessage.fatal(
            SqlState.CANNOT_CONNECT_NOW,
            "no standby is available",
            "Set route.standby_fallback = primary, or repair the standbys of slaver_list.");

    private final Clock clock;
    private final Refusals refusals;
    private final Routes routes;
    private final Standings standings;
    private final WaitingRoom waiting;
    private final Turns turns;
    private final Foresight foresight;
    private final OwnUser ownUser;

    Intake(
            Clock clock,
            Refusals refusals,
            Routes routes,
            Standings standings,
            WaitingRoom waiting,
            Turns turns,
            Foresight foresight,
            OwnUser ownUser) {
        this.clock = clock;
        this.refusals = refusals;
        this.routes = routes;
        this.standings = standings;
        this.waiting = waiting;
        this.turns = turns;
        this.foresight = foresight;
        this.ownUser = ownUser;
    }

    /**
     * Takes over a client.
     *
     * @param resumption of the session that the client already has; null when it is about to log in
     */
    void bring(Client client, @Nullable Resumption resumption) {
        if (routes.take(client, Set.of()) instanceof Router.Route.To to) {
            if (resumption == null && isRefused(client, client.connection(), to)) {
                return;
            }
            PoolKey key = routes.keyOf(to);
            // First, because what workers have sent may change the client's standing, too.
            RoleFacts role = resumption == null ? foresight.of(key) : null;
            Standing standing = resumption == null ? standings.of(client, key, to.startup()) : Standing.PROVED;
            RoutedClient routed = new RoutedClient(client, to.startup(), key, clock.nanoTime(), resumption, standing);
            routed.foresee(role);
            waiting.enter(routed);
            turns.take(to.server());
            routed.foresee(null); // It may wait now, and roles may change meanwhile.
        } else {
            refusals.refuse(client, client.connection(), NO_SERVER);
        }
    }

    /**
     * Routes a client again, past the standbys that could not serve it.
     *
     * @param lastWords for the client if no server is left for it
     */
    void routeAgain(RoutedClient client, byte[] lastWords) {
        if (routes.take(client.client(), client.tried()) instanceof Router.Route.To to) {
            if (client.resumption() == null && isRefused(client.client(), client.connection(), to)) {
                return;
            }
            PoolKey key = routes.keyOf(to);
            Standing there =
                    client.resumption() == null ? standings.of(client.client(), key, to.startup()) : Standing.PROVED;
            waiting.enter(client.elsewhere(to.startup(), key, there));
        } else {
            refusals.refuse(client.client(), client.connection(), lastWords);
        }
    }

    /** Refuses a client that the server could take for pgproxy's own user. */
    private boolean isRefused(Client client, Transport connection, Router.Route.To to) {
        boolean isLent =
                ownUser.isLentTo(client.peer(), to.server(), to.startup().parameters());
        if (isLent) {
            refusals.refuse(client, connection, ownUser.refusal(to.server()));
        }
        return isLent;
    }
}
