package dev.pgproxy.master.routing;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What an operator sees of clients that wait, and of the sessions that keep them waiting. */
final class WaitingView {

    private final WorkerRegistry workers;
    private final WaitingRoom waiting;
    private final ParkedClients parked;
    private final ServerHolds holds;
    private final Ledger ledger;
    private final Routes routes;

    WaitingView(
            WorkerRegistry workers,
            WaitingRoom waiting,
            ParkedClients parked,
            ServerHolds holds,
            Ledger ledger,
            Routes routes) {
        this.workers = workers;
        this.waiting = waiting;
        this.parked = parked;
        this.holds = holds;
        this.ledger = ledger;
        this.routes = routes;
    }

    /** Clients that wait or are parked here; those at a worker are reported by that worker. */
    List<WaitingClient> clients() {
        List<WaitingClient> clients = new ArrayList<>();
        waiting.line().all().stream()
                .filter(client -> !client.isAtWorker())
                .forEach(client -> clients.add(client.describe(waitsFor(client))));
        parked.forEach((client, sinceNs) -> {
            if (routes.see(client) instanceof Router.Route.To to) {
                clients.add(new WaitingClient(
                        client.sessionId(),
                        client.peer(),
                        to.startup().parameters(),
                        routes.keyOf(to),
                        WaitingClient.IDLE,
                        sinceNs,
                        "the client's next query"));
            }
        });
        return clients;
    }

    private String waitsFor(RoutedClient client) {
        Endpoint server = client.key().server();
        if (holds.isPaused(server)) {
            return "RESUME";
        } else if (holds.isHeldPrimary(server)) {
            return "the primary to answer, or another one";
        } else if (workers.poolWorkers().isEmpty()) {
            return "a worker to be ready";
        }
        PlaceLimits.Scope full = Admission.fullScope(ledger, client.scopes(ledger.limits()));
        return full == null ? "its turn" : "a place: " + ledger.limits().describe(full);
    }

    /** The sessions on these servers, counted by user and database: {@code 2 of app on shop}. */
    List<String> usersOf(Set<Endpoint> servers) {
        return ledger.search().sessionsOf(servers).entrySet().stream()
                .map(entry -> entry.getValue() + " of " + entry.getKey())
                .toList();
    }
}
