package dev.pgproxy.master.routing;

import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Receives reports about clients at workers, and serves the clients that waited for them. */
public final class SessionReports
        implements SessionMessages.AtMaster<Worker>, PlaceMessages.AtMaster<Worker>, WorkerRegistry.Listener {

    /** Servers may fail a client this often before it is refused. */
    private static final int MAX_RETURNS = 5;

    private final Refusals refusals;
    private final Function<Descriptor, ClientConnection> connections;
    private final Consumer<Endpoint> suspected;
    private final Ledger ledger;
    private final Routes routes;
    private final ServerHolds holds;
    private final KnownLogins known;
    private final Unproved unproved;
    private final ClientsAtWorkers atWorkers;
    private final ParkedClients parked;
    private final WaitingRoom waiting;
    private final ServerRoom room;
    private final Intake intake;
    private final Turns turns;
    private final Counter rerouted;
    private final Counter returned;

    SessionReports(
            Refusals refusals,
            Function<Descriptor, ClientConnection> connections,
            Consumer<Endpoint> suspected,
            Ledger ledger,
            Routes routes,
            ServerHolds holds,
            KnownLogins known,
            Unproved unproved,
            ClientsAtWorkers atWorkers,
            ParkedClients parked,
            WaitingRoom waiting,
            ServerRoom room,
            Intake intake,
            Turns turns,
            Counters counters) {
        this.refusals = refusals;
        this.connections = connections;
        this.suspected = suspected;
        this.ledger = ledger;
        this.routes = routes;
        this.holds = holds;
        this.known = known;
        this.unproved = unproved;
        this.atWorkers = atWorkers;
        this.parked = parked;
        this.waiting = waiting;
        this.room = room;
        this.intake = intake;
        this.turns = turns;
        this.rerouted = counters.counter(
                "clients_rerouted", "clients that were routed again because their pool-worker died before it had them");
        this.returned = counters.counter(
                "clients_returned", "clients that a pool-worker gave back because their server could not serve them");
    }

    @Override
    public void onSessionParked(Worker worker, SessionMessages.SessionParked message) {
        ledger.sessionClosed(worker.slot(), message.sessionId());
        parked.park(message, waiting.closedBecause());
        turns.takeAll();
    }

    /** The server could not serve the client. Another standby may; a primary that another server can replace is probed first. */
    @Override
    public void onSessionReturned(Worker worker, SessionMessages.SessionReturned message) {
        returned.increment();
        BackendEntry refused = ledger.backendOf(worker.slot(), message.sessionId());
        ledger.sessionClosed(worker.slot(), message.sessionId());
        boolean givesWay = atWorkers.isLeaving(message.sessionId());
        ClientsAtWorkers.Placed back = doneLoggingIn(message.sessionId());
        waiting.forgetAtWorker(message.sessionId());
        if (back == null) {
            message.client().close(); // It belongs to no known client, which must not cost all others their master.
            return;
        }
        ClientConnection connection = connections.apply(message.client());
        boolean isFull = SqlState.TOO_MANY_CONNECTIONS.equals(BackendMessage.sqlState(message.lastWords()));
        if (isFull && !givesWay) {
            returnedFull(back.client().crowdedOut(connection), message.lastWords(), refused);
            turns.takeAll();
            return;
        }
        RoutedClient client = back.client().returned(connection);
        Endpoint server = client.key().server();
        suspected.accept(server);
        boolean mayWait = !server.equals(routes.primary()) || holds.isHeldPrimary(server);
        if (givesWay) {
            refusals.refuse(client.connection(), Refusals.gaveWay());
        } else if (client.returns() > MAX_RETURNS || !mayWait) {
            refusals.refuse(client.client(), client.connection(), message.lastWords());
        } else {
            intake.routeAgain(client, message.lastWords());
        }
        turns.takeAll();
    }

    /** The server has no room for a client that has received nothing yet: an unused connection makes room, or another standby serves it. */
    private void returnedFull(RoutedClient client, byte[] refusal, @Nullable BackendEntry refused) {
        if (client.returns() <= MAX_RETURNS && room.makeFor(client, refusal, refused)) {
            waiting.enter(client);
        } else if (client.returns() <= MAX_RETURNS && !client.key().server().equals(routes.primary())) {
            intake.routeAgain(client.withoutServer(), refusal);
        } else {
            refusals.refuse(client.client(), client.connection(), refusal);
        }
    }

    @Override
    public void onServerFull(Worker worker, PlaceMessages.ServerFull message) {
        ClientsAtWorkers.Placed refused = atWorkers.loggingIn(message.sessionId());
        if (refused != null && refused.worker() == worker) {
            room.makeAfter(refused.client(), message.refusal());
        }
    }

    /** The worker no longer has the client, or the client has logged in. */
    private ClientsAtWorkers.@Nullable Placed doneLoggingIn(long sessionId) {
        unproved.remove(sessionId);
        return atWorkers.done(sessionId);
    }

    /** A worker has asked a client for its password, and the client wants a place now. */
    @Override
    public void onPlaceWanted(Worker worker, PlaceMessages.PlaceWanted message) {
        ClientsAtWorkers.Placed asked = atWorkers.loggingIn(message.sessionId());
        if (asked == null || asked.worker() != worker) {
            worker.send(new PlaceMessages.PlaceRefused(message.sessionId(), Intake.NO_SERVER));
            return;
        }
        if (atWorkers.isLeaving(message.sessionId())) {
            return; // It was told to give way before it wanted a place.
        }
        BackendEntry refused = ledger.backendOf(worker.slot(), message.sessionId());
        ledger.unplaced(worker.slot(), message.sessionId());
        RoutedClient client = asked.client().at(worker.slot(), message.proved() ? Standing.PROVED : Standing.STRANGER);
        if (message.proved()) {
            unproved.remove(client.sessionId());
        }
        if (message.refusal().length > 0
                && (asked.client().noteCrowdedOut() > MAX_RETURNS
                        || !room.makeFor(client, message.refusal(), refused))) {
            worker.send(new PlaceMessages.PlaceRefused(message.sessionId(), message.refusal()));
            return;
        }
        waiting.enter(client);
        turns.take(client.key().server());
    }

    @Override
    public void workerReady(Worker worker) {
        if (worker.kind() == ChildKind.POOL) {
            ledger.workerReady(worker.slot());
            waiting.canBeAskedNow();
            turns.takeAll();
        }
    }

    /** The worker's sessions ended with it; clients that it had not acknowledged are routed again. */
    @Override
    public void workerGone(Worker worker) {
        if (worker.kind() != ChildKind.POOL) {
            return;
        }
        ledger.workerGone(worker.slot());
        List<RoutedClient> unacknowledged = atWorkers.takeUnacknowledged(worker);
        if (!unacknowledged.isEmpty()) {
            Event.of("clients_rerouted").with("count", unacknowledged.size()).info();
        }
        rerouted.add(unacknowledged.size());
        for (RoutedClient client : unacknowledged) {
            boolean givesWay = atWorkers.isLeaving(client.sessionId());
            doneLoggingIn(client.sessionId());
            if (givesWay) {
                refusals.refuse(client.connection(), Refusals.gaveWay());
            } else {
                intake.routeAgain(client, Intake.NO_SERVER);
            }
        }
        atWorkers.loggingInAt(worker).forEach(this::doneLoggingIn);
        waiting.forgetWorker(worker);
        turns.takeAll();
    }

    @Override
    public void onSessionAccepted(Worker worker, SessionMessages.SessionAccepted message) {
        ClientsAtWorkers.Placed accepted = atWorkers.acknowledged(message.sessionId());
        if (accepted != null && atWorkers.isLeaving(message.sessionId())) {
            GivingWay.tellToGiveWay(accepted); // Until now, the worker had not taken the client over.
        }
        if (message.backendId() > 0) {
            // If the session did not get the backend that it was promised, that one is free for another client.
            ledger.joined(worker.slot(), message.sessionId(), message.backendId());
        }
        turns.takeAll();
    }

    @Override
    public void onSessionOpened(Worker worker, SessionMessages.SessionOpened message) {
        ClientsAtWorkers.Placed in = doneLoggingIn(message.sessionId());
        if (in != null) {
            Endpoint server = in.client().key().server();
            StartupParameters kind = in.client().startup().parameters();
            if (known.letIn(server, kind, message.method())) {
                waiting.standAgain(server, kind.serverUser(), kind.serverDatabase());
            }
        }
        ledger.proved(worker.slot(), message.sessionId());
        ledger.joined(worker.slot(), message.sessionId(), message.backendId());
        ledger.opened(worker.slot(), message.backendId());
        turns.takeAll();
    }

    @Override
    public void onSessionClosed(Worker worker, SessionMessages.SessionClosed message) {
        atWorkers.closedUnacknowledged(message.sessionId());
        waiting.forgetAtWorker(message.sessionId());
        doneLoggingIn(message.sessionId());
        ledger.sessionClosed(worker.slot(), message.sessionId());
        turns.takeAll();
    }
}
