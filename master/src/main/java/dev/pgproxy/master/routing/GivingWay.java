package dev.pgproxy.master.routing;

import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.master.accept.Refusals;
import java.util.List;

/** Makes clients that have not proved who they are give way to others when max_client_conn or the memory for clients is used up. */
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
     * Makes room: the oldest client that has not proved who it is gives way, or a few of the oldest.
     *
     * @param bytes that the new client takes
     * @return false when no client can give way; while many are leaving their workers, only clients that wait here can
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

    /** Tells the worker, which has taken the client over, to let it go. */
    static void tellToGiveWay(ClientsAtWorkers.Placed placed) {
        placed.worker().send(new PlaceMessages.PlaceRefused(placed.client().sessionId(), Refusals.gaveWay()));
    }
}
