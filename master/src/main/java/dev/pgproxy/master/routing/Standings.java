package dev.pgproxy.master.routing;

import dev.pgproxy.common.peer.PeerGroup;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.master.accept.Client;

/** What a client that has just come is taken for. */
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
     * Where it can cost nobody anything, because there is no limit and no warm backend, and strangers have places left, the server itself
     * asks the client: until that has said a word, the client can still be served by another one. Not where its role has connections in
     * the pool: the server may have a limit for the role, and a client that was asked by the server hears of that.
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
                && strangersHaveRoom(key, PeerGroup.of(client.peer().getAddress()))
                && !ledger.search().hasUnused(key);
        return costsNobody ? Standing.STRANGER : standing;
    }

    private boolean strangersHaveRoom(PoolKey key, String neighbour) {
        PlaceLimits limits = ledger.limits();
        return limits.strangersOf(limits.scopes(key), neighbour).stream()
                .noneMatch(scope -> Admission.isFull(ledger, scope));
    }
}
