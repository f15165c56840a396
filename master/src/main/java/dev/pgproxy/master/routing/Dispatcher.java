package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.ClientMemory;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.master.role.RoleMemory;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Brings each client to a worker, and counts the clients at workers. If a worker dies before it has taken a client over, the client is
 * routed again and notices nothing.
 *
 * <pre>
 *   submit -> {@link Routes} -> {@link WaitingRoom} -> {@link Turns} ({@link Admission} decides, by the {@link Ledger})
 *          -> {@link HandOver} -> {@link ClientsAtWorkers}
 * </pre>
 */
public final class Dispatcher implements ClientMemory.Holder {

    private static final byte[] SERVER_LEFT = BackendMessage.fatal(
            SqlState.ADMIN_SHUTDOWN,
            "terminating connection because another server has taken the place of this one",
            "Connect again.");

    private static final byte[] ENDED_BY_OPERATOR = BackendMessage.fatal(
            SqlState.ADMIN_SHUTDOWN,
            "terminating connection due to administrator command",
            "An operator of the proxy has ended this connection; connect again.");

    private final Refusals refusals;
    private final Ledger ledger;
    private final Routes routes;
    private final ServerHolds holds;
    private final ClientsAtWorkers atWorkers;
    private final KnownLogins known;
    private final ParkedClients parked;
    private final WaitingRoom waiting;
    private final IdleBackends idle;
    private final HandOver handOver;
    private final Turns turns;
    private final WaitingView view;
    private final GivingWay givingWay;
    private final Intake intake;
    private final SessionReports sessions;
    private final BackendReports backends;
    private ProxyConfig config;

    /**
     * Sends no client anywhere until a worker is ready.
     *
     * @param roles what is known of the roles of clients
     * @param ownUser the user that runs pgproxy
     * @param connections makes a client connection of a descriptor that a worker has given back
     * @param maxWorkerLoad descriptors that each worker has for clients and servers
     * @param suspected receives each server that could not serve a client
     */
    public Dispatcher(
            EventLoop loop,
            ProxyConfig config,
            Refusals refusals,
            ClientMemory memory,
            WorkerRegistry workers,
            RoleMemory roles,
            OwnUser ownUser,
            Function<Descriptor, ClientConnection> connections,
            long maxWorkerLoad,
            Consumer<Endpoint> suspected,
            Counters counters) {
        this.config = config;
        this.refusals = refusals;
        this.ledger = new Ledger(new PlaceLimits(config.limits()));
        this.atWorkers = new ClientsAtWorkers(
                loop.clock(),
                counters.counter(
                        "hand_over_microseconds",
                        "time from passing clients to pool-workers until these had acknowledged them, in all"));
        this.routes = new Routes(config);
        this.holds = new ServerHolds(config.servers().primary());
        KnownLogins known = new KnownLogins(loop.clock());
        Standings standings = new Standings(known, ledger, holds);
        Unproved unproved = new Unproved();
        this.waiting = new WaitingRoom(
                loop,
                workers,
                refusals,
                ledger,
                holds,
                standings,
                unproved,
                config.timeouts().queryWait().toMillis());
        this.idle = new IdleBackends(loop, workers, ledger, config.limits().idleConnections());
        NeighbourTurns neighbours = new NeighbourTurns();
        this.handOver = new HandOver(
                loop.clock(), config, waiting, ledger, known, atWorkers, unproved, idle, neighbours, counters);
        this.turns = new Turns(
                loop,
                workers,
                waiting,
                holds,
                ledger,
                atWorkers,
                idle,
                handOver,
                neighbours,
                () -> this.config.limits().clientConnections(),
                maxWorkerLoad);
        this.givingWay = new GivingWay(refusals, waiting, atWorkers, unproved);
        ServerRoom room = new ServerRoom(loop.clock(), ledger, idle);
        Foresight foresight = new Foresight(roles, workers);
        this.intake = new Intake(loop.clock(), refusals, routes, standings, waiting, turns, foresight, ownUser);
        this.parked = new ParkedClients(loop, config, refusals, memory, connections, intake::bring);
        this.known = known;
        this.sessions = new SessionReports(
                refusals,
                connections,
                suspected,
                ledger,
                routes,
                holds,
                known,
                unproved,
                atWorkers,
                parked,
                waiting,
                room,
                intake,
                turns,
                counters);
        counters.add(
                "clients_waiting",
                "clients that wait for a place now",
                () -> waiting.line().size());
        counters.add("clients_parked", "clients that rest without a server now", parked::size);
        this.backends = new BackendReports(workers, ledger, idle, turns);
        this.view = new WaitingView(workers, waiting, parked, holds, ledger, routes);
        memory.add(this);
        workers.listen(sessions);
    }

    /** Receives reports about sessions and places for them. */
    public SessionReports sessions() {
        return sessions;
    }

    /** Receives reports about backends. */
    public BackendReports backends() {
        return backends;
    }

    /** Puts a new configuration in force; no client loses its place. */
    public void configure(ProxyConfig newConfig) {
        config = newConfig;
        ledger.limitsAre(new PlaceLimits(newConfig.limits()));
        routes.configure(newConfig);
        handOver.configure(newConfig);
        parked.configure(newConfig);
        waiting.configure(newConfig.timeouts().queryWait().toMillis());
        turns.takeAll();
        List<Endpoint> servers = new ArrayList<>(routes.standbys());
        servers.add(routes.primary());
        idle.configure(newConfig.limits().idleConnections(), servers);
    }

    /** Sets the primary and the standbys. A client that waits for any other server is routed again, or refused if a worker has asked it. */
    public void serversAre(Endpoint primary, List<Endpoint> standbys) {
        routes.serversAre(primary, standbys);
        holds.primaryIs(primary);
        for (RoutedClient client : waiting.line().all()) {
            if (!routes.areServedBy(client.key().server())) {
                waiting.leave(client);
                if (client.isAtWorker()) {
                    // A worker has asked it already, and it cannot be asked again for another server.
                    waiting.refuse(client, SERVER_LEFT);
                } else {
                    intake.routeAgain(client, Intake.NO_SERVER);
                }
            }
        }
        turns.takeAll();
    }

    /** Gives no client a connection to the primary while it is held: it may be dead. */
    public void holdPrimary(boolean held) {
        holds.holdPrimary(held);
        if (!held) {
            waiting.canBeAskedNow();
        }
        turns.take(routes.primary());
    }

    /** Gives no client a connection to this server until {@link #resume}. */
    public void pause(Endpoint server) {
        holds.pause(server);
    }

    /** Lets the clients that wait because of {@link #pause} continue. */
    public void resume(Endpoint server) {
        if (holds.resume(server)) {
            waiting.canBeAskedNow();
            turns.take(server);
        }
    }

    public boolean isPaused(Endpoint server) {
        return holds.isPaused(server);
    }

    public Set<Endpoint> paused() {
        return holds.paused();
    }

    /** Upper bound on the connections to this server from all workers. */
    public int connections(Endpoint server) {
        return ledger.connections(PlaceLimits.server(server));
    }

    /** The sessions on these servers, counted by user and database: {@code 2 of app on shop}. */
    public List<String> usersOf(Set<Endpoint> servers) {
        return view.usersOf(servers);
    }

    /** Clients that wait here; clients that were sent to a worker are reported by that worker. */
    public List<WaitingClient> waitingClients() {
        return view.clients();
    }

    /**
     * Refuses clients that wait, at an operator's request.
     *
     * @return how many of them were waiting
     */
    public int endByOperator(Set<Long> sessionIds) {
        int ended = 0;
        for (long id : sessionIds) {
            Client client = parked.take(id);
            if (client != null) {
                refusals.refuse(client, client.connection(), ENDED_BY_OPERATOR);
                ended++;
            }
        }
        for (RoutedClient client :
                sessionIds.isEmpty() ? List.<RoutedClient>of() : waiting.line().all()) {
            if (sessionIds.contains(client.sessionId()) && waiting.leave(client)) {
                waiting.refuse(client, ENDED_BY_OPERATOR);
                ended++;
            }
        }
        return ended;
    }

    /** Clients that wait, are on their way to a worker, or are served by one; not those that are giving way. */
    @Override
    public int clientCount() {
        return waiting.count() + parked.size() + ledger.sessionCount() - atWorkers.leavingCount();
    }

    @Override
    public long heldBytes() {
        return waiting.line().heldBytes() + parked.heldBytes() + ledger.heldBytes() - atWorkers.leavingBytes();
    }

    /** Takes over a client that wants to log in. */
    public void submit(Client client) {
        if (clientCount() >= config.limits().clientConnections() && !letGiveWay(0)) {
            refusals.refuseAboveLimit(client);
            return;
        }
        intake.bring(client, null);
    }

    /**
     * Makes room for a new client: the oldest client that has not proved who it is gives way, or a few of the oldest.
     *
     * @param bytes that the new client takes
     * @return false when no client can give way
     */
    public boolean letGiveWay(int bytes) {
        return givingWay.makeRoom(bytes);
    }

    /** The server may no longer ask clients of this role in the way that is known. */
    public void loginChanged(Endpoint server, String user, String database) {
        known.forget(server, user, database);
        waiting.standAgain(server, user, database);
    }

    /** The proxy stops: no waiting client will get a place any more. */
    public void refuseAll(byte[] why) {
        waiting.close(why);
        parked.takeAll().forEach(client -> refusals.refuse(client.connection(), why));
    }
}
