package dev.pgproxy.master.routing;

import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import org.jspecify.annotations.Nullable;

/** Makes room at a server that had none for a client: closes an unused connection that probably took the room. */
final class ServerRoom {

    private final Clock clock;
    private final Ledger ledger;
    private final IdleBackends idle;
    private final EventThrottle gaveWay = new EventThrottle();

    ServerRoom(Clock clock, Ledger ledger, IdleBackends idle) {
        this.clock = clock;
        this.ledger = ledger;
        this.idle = idle;
    }

    /**
     * Closes an unused connection that may keep this client out; the client waits until it is gone.
     *
     * @param refusal the server's ErrorResponse, whose routine field tells which limit was reached
     * @param refused the connection on which it came; null when it is gone
     * @return false when there is none
     */
    boolean makeFor(RoutedClient client, byte[] refusal, @Nullable BackendEntry refused) {
        BackendEntry inTheWay = ledger.search().inTheWay(client.key(), BackendMessage.errorField(refusal, 'R'));
        if (inTheWay == null) {
            return false;
        }
        client.waitFor(inTheWay, refused);
        inTheWay.isWantedGone = true;
        Event.of("idle_gave_way")
                .limitedBy(gaveWay, clock.nanoTime())
                .with("server", client.key().server())
                .with(
                        "user",
                        StartupParameters.display(client.key().parameters().serverUser()))
                .with("sqlstate", SqlState.TOO_MANY_CONNECTIONS)
                .message("the server had too many connections for a client; an idle connection of "
                        + StartupParameters.display(inTheWay.key.parameters().serverUser()) + " on "
                        + StartupParameters.display(inTheWay.key.parameters().serverDatabase())
                        + " is closed for it, and the client is tried again")
                .hint(
                        "Set max_server_conn to the connections that the server has for pgproxy, and limit.user.NAME to a role's CONNECTION LIMIT.")
                .info();
        idle.evictIfIdle(inTheWay);
        return true;
    }

    /** As above, for the next client: this one has already received the refusal. */
    void makeAfter(RoutedClient client, byte[] refusal) {
        BackendEntry inTheWay = ledger.search().inTheWay(client.key(), BackendMessage.errorField(refusal, 'R'));
        if (inTheWay != null) {
            idle.evictIfIdle(inTheWay);
        }
    }
}
