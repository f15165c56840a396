package dev.pgproxy.master.routing;

import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.master.accept.Refusals;
import java.util.List;

/** Clients that have not proved who they are make room for others, when max_client_conn or the memory for clients is used up. */
final class GivingWay {

    private final Refusals refusals;
    private final WaitingRoom waiting;
    private final ClientsAtWorkers atWorkers;
    private final Unproved unproved;

    GivingWay(Refusals refusals, WaitingRoom waiting, ClientsAtWorkers atWorkers, Unproved unproved) {
        this.refusals = refusals;
        this.waiting = waiting;
        this.atWorkers = atWorkers;
        this.unproved = unproved;
    }

    /**
     * Makes room: a client that came long ago and has not proved who it is gives way, or a few.
     *
     * @param bytes that the newcomer takes
     * @return false when there is nobody; when many are leaving their workers already, nobody who waits here
     */
    boolean makeRoom(int bytes) {
        List<RoutedClient> first = unproved.first(bytes, atWorkers.leavingCount() < Turns.MAX_LEAVING);
        first.forEach(this::giveWay);
        return !first.isEmpty();
    }

    private void giveWay(RoutedClient client) {
        refusals.noteGivingWay(client.client().peer());
        ClientsAtWorkers.Placed placed = atWorkers.find(client.sessionId());
        if (placed == null) {
            waiting.leave(client);
            waiting.refuse(client, Refusals.gaveWay());
            return;
        }
        unproved.remove(client.sessionId());
        atWorkers.leaves(client);
        waiting.forgetAtWorker(client.sessionId());
        if (atWorkers.loggingIn(client.sessionId()) != null) {
            tellToGiveWay(placed);
        }
    }

    /** The worker has taken the client over, and can let it go. */
    static void tellToGiveWay(ClientsAtWorkers.Placed placed) {
        placed.worker().send(new PlaceMessages.PlaceRefused(placed.client().sessionId(), Refusals.gaveWay()));
    }
}
