package dev.pgproxy.master.routing;

import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.master.accept.Client;

/** Decides the standing of a client that has just connected. */
final class Standings {

    private final KnownLogins known;
    private final Ledger ledger;
    private final ServerHolds holds;

    Standings(KnownLogins known, Ledger ledger, ServerHolds holds) {
        this.known = known;
        this.ledger = ledger;
        this.holds = holds;
    }

    /**
     * The server itself asks the client if that costs no other client anything: there is no limit and no warm backend, and strangers have
     * places left. Until that server has answered, another one can still serve the client. This does not apply if the role has connections
     * in the pool: the server may have a limit for the role, and a client that the server asks would receive that error.
     */
    Standing of(Client client, PoolKey key, StartupPacket.Startup startup) {
        Standing standing = known.standing(key.server(), startup);
        if (standing != Standing.VISITOR) {
            return standing;
        }
        boolean costsNobody = ledger.limits().areNone(key)
                && ledger.unused().idle(key) == null
                && ledger.unused().resetting(key) == null
                && !holds.isHeld(key.server())
                && strangersHaveRoom(key, client.peer().group())
                && !ledger.search().hasUnused(key);
        return costsNobody ? Standing.STRANGER : standing;
    }

    private boolean strangersHaveRoom(PoolKey key, String neighbour) {
        PlaceLimits limits = ledger.limits();
        return limits.strangersOf(limits.scopes(key), neighbour).stream()
                .noneMatch(scope -> Admission.isFull(ledger, scope));
    }
}
