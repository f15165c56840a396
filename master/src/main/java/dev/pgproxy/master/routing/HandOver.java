package dev.pgproxy.master.routing;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.pool.KnownStartups;
import dev.pgproxy.master.worker.Worker;
import java.io.IOException;
import java.util.Optional;

/** Gives a client its place: sends it to a worker with a duplicate of its descriptor, or tells the worker that already has it. */
final class HandOver {

    /** Where places are scarce, a stranger has client_login_timeout divided by this. */
    private static final int STRANGERS_TIME_DIVISOR = 10;

    private static final long LEAST_LOGIN_MS = 3_000;

    private final Clock clock;
    private final WaitingRoom waiting;
    private final Ledger ledger;
    private final KnownLogins known;
    private final ClientsAtWorkers atWorkers;
    private final Unproved unproved;
    private final IdleBackends idle;
    private final NeighbourTurns neighbours;
    private final KnownStartups startups = new KnownStartups();
    private final Counter handedOver;
    private ProxyConfig config;

    HandOver(
            Clock clock,
            ProxyConfig config,
            WaitingRoom waiting,
            Ledger ledger,
            KnownLogins known,
            ClientsAtWorkers atWorkers,
            Unproved unproved,
            IdleBackends idle,
            NeighbourTurns neighbours,
            Counters counters) {
        this.clock = clock;
        this.config = config;
        this.waiting = waiting;
        this.ledger = ledger;
        this.known = known;
        this.atWorkers = atWorkers;
        this.unproved = unproved;
        this.idle = idle;
        this.neighbours = neighbours;
        this.handedOver =
                counters.counter("clients_handed_over", "clients whose descriptor was passed to a pool-worker");
    }

    void configure(ProxyConfig newConfig) {
        config = newConfig;
    }

    /** @return false when no descriptor is left for the duplicate: the client waits until there is one */
    boolean give(RoutedClient client, Worker worker, Admission.Decision.Assign assign) {
        if (client.isAtWorker()) {
            giveThere(client, worker, assign);
        } else {
            try {
                worker.send(assignment(client, assign, client.forWorker()));
            } catch (IOException e) {
                return false;
            }
            handedOver.increment();
            waiting.leave(client);
            atWorkers.sent(client, worker);
            if (client.standing() != Standing.PROVED) {
                unproved.addAtWorker(client);
            }
            ledger.assigned(
                    worker.slot(),
                    client.sessionId(),
                    client.key(),
                    client.weight(),
                    assign.claimed(),
                    client.scopes(ledger.limits()));
        }
        if (assign.booked() != null) {
            ledger.booked(assign.booked());
        }
        idle.placeTaken(client.key());
        if (client.standing() == Standing.STRANGER) {
            neighbours.served(client.neighbour());
        }
        return true;
    }

    private void giveThere(RoutedClient client, Worker worker, Admission.Decision.Assign assign) {
        waiting.forgetAtWorker(client.sessionId());
        ledger.placed(worker.slot(), client.sessionId(), assign.claimed(), client.scopes(ledger.limits()));
        long expected = assign.claimed() == null ? 0 : assign.claimed().id;
        worker.send(new PlaceMessages.PlaceGiven(client.sessionId(), expected, loginMs(client, expected > 0)));
    }

    private SessionMessages.AssignSession assignment(
            RoutedClient client, Admission.Decision.Assign assign, Descriptor duplicate) {
        boolean isAskedFirst = client.standing() == Standing.VISITOR;
        long loginMs =
                loginMs(client, assign.claimed() != null) - client.client().startupMs();
        return new SessionMessages.AssignSession(
                client.sessionId(),
                client.key().server(),
                assign.claimed() == null ? 0 : assign.claimed().id,
                isAskedFirst
                        ? known.method(client.key().server(), client.startup().parameters())
                        : AuthenticationMethod.OTHER,
                Math.max(1, loginMs),
                config.exemptions().match(client.startup().parameters()),
                config.singleUse().match(client.startup().parameters()),
                client.origin(clock.nanoTime()),
                startups.packet(client.startup()),
                Optional.ofNullable(client.resumption()),
                Optional.ofNullable(client.foreseen()),
                duplicate);
    }

    /**
     * How long a login may take. A stranger with a warm backend, or with a place that others may wait for, has only a small part of the
     * time.
     */
    private long loginMs(RoutedClient client, boolean hasWarm) {
        long allMs = config.timeouts().clientLogin().toMillis();
        boolean isScarce = hasWarm || !ledger.limits().areNone(client.key());
        return client.standing() == Standing.STRANGER && isScarce
                ? Math.max(Math.min(allMs, LEAST_LOGIN_MS), allMs / STRANGERS_TIME_DIVISOR)
                : allMs;
    }
}
