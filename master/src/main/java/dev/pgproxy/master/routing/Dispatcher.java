package dev.pgproxy.master.routing;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.io.TcpSockets;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.peer.PeerGroup;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.ClientMemory;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Brings each client to a worker: routes it, lets it wait when it must, hands its descriptor over, and keeps a copy until the
 * worker has said that it has it. A client whose worker dies before that is routed again and notices nothing.
 */
public final class Dispatcher
        implements SessionMessages.AtMaster<Worker>,
                PlaceMessages.AtMaster<Worker>,
                BackendMessages.AtMaster<Worker>,
                WorkerRegistry.Listener,
                ClientMemory.Holder {

    private static final long NS_PER_MS = 1_000_000L;
    private static final long RETRY_MS = 5;
    /** Of client_login_timeout, the part that a client has who has proved nothing where places are scarce. */
    private static final int STRANGERS_TIME_DIVISOR = 10;

    /** Clients at workers that may be on their way out at once, to make room for others; as many wait here meanwhile. */
    private static final int MAX_LEAVING = 64;

    /** How often others may go before a client because they can use a backend that it cannot; then one is closed to make room for it. */
    private static final int MAX_OVERTAKEN = 32;

    /** And so long does it wait for a backend of its kind to become idle where it is: about as long as a server takes to open one. */
    private static final long PATIENCE_NS = 50 * NS_PER_MS;

    /** Places that are kept free for strangers are not taken from connections that were used within this time. */
    private static final long RESERVE_AFTER_MS = 1_000;

    private static final long LEAST_LOGIN_MS = 3_000;

    /** Servers may fail a client so often before it is told. */
    private static final int MAX_RETURNS = 5;

    /** A client that was sent to a worker and not acknowledged. */
    private record Pending(RoutedClient client, Worker worker) {}

    private static final byte[] NO_SERVER = BackendMessage.fatal(
            SqlState.CANNOT_CONNECT_NOW,
            "no standby is available",
            "Set route.standby_fallback = primary, or repair the standbys of slaver_list.");

    private static final byte[] SERVER_LEFT = BackendMessage.fatal(
            SqlState.ADMIN_SHUTDOWN,
            "terminating connection because another server has taken the place of this one",
            "Connect again.");

    private static final byte[] ENDED_BY_OPERATOR = BackendMessage.fatal(
            SqlState.ADMIN_SHUTDOWN,
            "terminating connection due to administrator command",
            "An operator of the proxy has ended this connection; connect again.");

    private final EventLoop loop;
    private ProxyConfig config;
    private final Refusals refusals;
    private final ClientMemory memory;
    private final WorkerRegistry workers;
    private final Function<Descriptor, ClientConnection> connections;
    private PlaceLimits limits;
    private final Ledger ledger;
    private WaitingLine waiting;
    private final Unproved unproved = new Unproved();
    private final NeighbourTurns neighbours = new NeighbourTurns();
    /** Clients that were told to give way, and that their workers still have, with their bytes. */
    private final Map<Long, Integer> leaving = new HashMap<>();

    private long leavingBytes;
    private final Set<ServerAddress> paused = new LinkedHashSet<>();
    private final Map<Long, Pending> pending = new HashMap<>();

    /** Clients that a worker has, and that no server has let in yet: they may come back. */
    private final Map<Long, Pending> loggingIn = new HashMap<>();

    /** Clients that a worker has, and that wait here for a place. */
    private final Map<Long, RoutedClient> wanting = new HashMap<>();

    private final KnownLogins known;
    private final ParkedClients parked;
    private final Consumer<ServerAddress> suspected;
    private boolean primaryHeld;
    private Router.Servers servers;
    private final long maxWorkerLoad;
    private final EventThrottle timeouts = new EventThrottle();
    private final EventThrottle gaveWay = new EventThrottle();
    private boolean retryPlanned;
    private boolean reservePlanned;
    private byte @Nullable [] refusal;

    /**
     * Sends nobody anywhere before a worker is ready.
     *
     * @param maxWorkerLoad descriptors that each worker has for clients and servers
     * @param suspected is told of servers that could not serve a client
     */
    public Dispatcher(
            EventLoop loop,
            ProxyConfig config,
            Refusals refusals,
            ClientMemory memory,
            WorkerRegistry workers,
            Function<Descriptor, ClientConnection> connections,
            long maxWorkerLoad,
            Consumer<ServerAddress> suspected) {
        this.suspected = suspected;
        this.known = new KnownLogins(loop.clock());
        this.parked = new ParkedClients(loop, this::bring, this::idleTooLong);
        this.limits = new PlaceLimits(config.limits());
        this.ledger = new Ledger(limits);
        this.waiting = new WaitingLine(limits);
        this.maxWorkerLoad = maxWorkerLoad;
        this.loop = loop;
        this.config = config;
        this.refusals = refusals;
        this.memory = memory;
        this.workers = workers;
        this.connections = connections;
        memory.add(this);
        workers.listen(this);
        this.servers =
                new Router.Servers(config.servers().primary(), config.servers().standbys(), 0);
    }

    /** Another configuration is in force from now on; nobody loses a place that he has. */
    public void configure(ProxyConfig newConfig) {
        config = newConfig;
        limits = new PlaceLimits(newConfig.limits());
        ledger.limitsAre(limits);
        WaitingLine line = new WaitingLine(limits);
        waiting.all().forEach(line::add);
        waiting = line;
        dispatchAll();
        closeSurplus(servers.primary());
        servers.standbys().forEach(this::closeSurplus);
        ledger.limitedScopes().forEach(this::closeAbove);
    }

    /** These servers play the parts from now on. Who waits for one that plays none any more waits for another. */
    public void serversAre(ServerAddress primary, List<ServerAddress> standbys) {
        servers = new Router.Servers(primary, standbys, servers.turn());
        for (RoutedClient client : waiting.all()) {
            ServerAddress server = client.key().server();
            if (!server.equals(primary) && !standbys.contains(server)) {
                leaveLine(client);
                if (client.isAtWorker()) {
                    refuse(client, SERVER_LEFT); // It was asked already, and cannot be asked again by another server.
                } else {
                    routeAnew(client, NO_SERVER);
                }
            }
        }
        dispatchAll();
    }

    /** The client, which is out of the line, is told why there is no place for it. */
    private void refuse(RoutedClient client, byte[] why) {
        if (!client.isAtWorker()) {
            refusals.refuse(client.client(), client.connection(), why);
            return;
        }
        wanting.remove(client.sessionId());
        Worker worker = workers.poolWorker(client.slot());
        if (worker != null) {
            worker.send(new PlaceMessages.PlaceRefused(client.sessionId(), why));
        }
    }

    /** Gives nobody a connection to the primary as long as it is held: it may be dead. */
    public void holdPrimary(boolean held) {
        primaryHeld = held;
        if (!held) {
            canBeAskedNow();
        }
        dispatch(servers.primary());
    }

    /** Those who wait have their chance from now on, and are taken for unproved as long as they do not take it. */
    private void canBeAskedNow() {
        waiting.all().stream().filter(client -> !client.isAtWorker()).forEach(this::noteUnproved);
    }

    private boolean isHeld(ServerAddress server) {
        return paused.contains(server) || (primaryHeld && server.equals(servers.primary()));
    }

    /** Gives nobody a connection to this server until {@link #resume}. */
    public void pause(ServerAddress server) {
        paused.add(server);
    }

    /** Lets those go on who wait because of {@link #pause}. */
    public void resume(ServerAddress server) {
        if (paused.remove(server)) {
            canBeAskedNow();
            dispatch(server);
        }
    }

    public boolean isPaused(ServerAddress server) {
        return paused.contains(server);
    }

    public Set<ServerAddress> paused() {
        return paused;
    }

    /** Connections to this server from all workers, at most. */
    public int connections(ServerAddress server) {
        return ledger.connections(PlaceLimits.server(server));
    }

    /** Who uses these servers, by user and database, with their number: {@code 2 of app on shop}. */
    public List<String> usersOf(Set<ServerAddress> chosen) {
        return ledger.sessionsOf(chosen).entrySet().stream()
                .map(entry -> entry.getValue() + " of " + entry.getKey())
                .toList();
    }

    /** Clients that wait here; those on their way to a worker are for that worker to tell of. */
    public List<WaitingClient> waitingClients() {
        List<WaitingClient> clients = new ArrayList<>();
        waiting.all().stream()
                .filter(client -> !client.isAtWorker()) // Of those, their worker tells.
                .forEach(client -> clients.add(client.describe(waitsFor(client))));
        parked.forEach((client, sinceNs) -> {
            if (route(client, Set.of(), false) instanceof Router.Route.To to) {
                clients.add(new WaitingClient(
                        client.sessionId(),
                        client.peer(),
                        to.startup().parameters(),
                        keyOf(to),
                        WaitingClient.IDLE,
                        sinceNs,
                        "the client's next query"));
            }
        });
        return clients;
    }

    private String waitsFor(RoutedClient client) {
        PoolKey key = client.key();
        if (paused.contains(key.server())) {
            return "RESUME";
        }
        if (isHeld(key.server())) {
            return "the primary to answer, or another one";
        }
        if (workers.poolWorkers().isEmpty()) {
            return "a worker to be ready";
        }
        PlaceLimits.Scope full = fullScope(client);
        return full == null ? "its turn" : "a place: " + limits.describe(full);
    }

    /** The narrowest limit that is reached and counts the client; null when none is. */
    private PlaceLimits.@Nullable Scope fullScope(RoutedClient client) {
        PlaceLimits.Scope full = null;
        for (PlaceLimits.Scope scope : client.scopes(limits)) {
            boolean isNarrower = full == null || !full.isOfStrangers();
            if (isNarrower && Admission.isFull(ledger, limits, scope)) {
                full = scope;
            }
        }
        return full;
    }

    /**
     * Refuses clients that wait: an operator wants it to.
     *
     * @return how many of them were waiting
     */
    public int endByOperator(Set<Long> clientIds) {
        int ended = 0;
        for (long id : clientIds) {
            Client client = parked.take(id);
            if (client != null) {
                refusals.refuse(client, client.connection(), ENDED_BY_OPERATOR);
                ended++;
            }
        }
        for (RoutedClient client : clientIds.isEmpty() ? List.<RoutedClient>of() : waiting.all()) {
            if (clientIds.contains(client.sessionId()) && leaveLine(client)) {
                refuse(client, ENDED_BY_OPERATOR);
                ended++;
            }
        }
        return ended;
    }

    /** Clients that wait, are on their way to a worker, or are served by one; without those that are giving way. */
    @Override
    public int clientCount() {
        return waiting.size() - wanting.size() + parked.size() + ledger.sessionCount() - leaving.size();
    }

    @Override
    public long heldBytes() {
        return waiting.heldBytes() + parked.heldBytes() + ledger.heldBytes() - leavingBytes;
    }

    /** Takes over a client that wants to log in. */
    public void submit(Client client) {
        if (clientCount() >= config.limits().clientConnections() && !letGiveWay(0)) {
            refusals.refuseAboveLimit(client);
            return;
        }
        bring(client, null);
    }

    /** @param resumption of the session that the client has already; null when it is about to log in */
    private void bring(Client client, @Nullable Resumption resumption) {
        Router.Route route = route(client, Set.of(), true);
        if (route instanceof Router.Route.To to) {
            PoolKey key = keyOf(to);
            Standing standing = resumption == null ? standing(client, key, to.startup()) : Standing.PROVED;
            enqueue(new RoutedClient(client, to.startup(), key, loop.clock().nanoTime(), resumption, standing));
            dispatch(to.server());
        } else {
            refusals.refuse(client, client.connection(), NO_SERVER);
        }
    }

    /**
     * What a client that has just come is taken for. Where it can cost nobody anything, because there is no limit and no warm backend, and
     * strangers have places left, the server itself asks it: until that has said a word, the client can still be served by another one. Not
     * where its role has connections in the pool: the server may have a limit for the role, and who was asked by the server hears of that.
     */
    private Standing standing(Client client, PoolKey key, StartupPacket.Startup startup) {
        Standing standing = known.standing(key.server(), startup);
        if (standing != Standing.VISITOR) {
            return standing;
        }
        boolean costsNobody = limits.areNone(key)
                && ledger.idle(key) == null
                && ledger.resetting(key) == null
                && !isHeld(key.server())
                && strangersHaveRoom(key, PeerGroup.of(client.peer().getAddress()))
                && !ledger.hasUnused(key);
        return costsNobody ? Standing.STRANGER : standing;
    }

    private boolean strangersHaveRoom(PoolKey key, String neighbour) {
        return limits.strangersOf(limits.scopes(key), neighbour).stream()
                .noneMatch(scope -> Admission.isFull(ledger, limits, scope));
    }

    /** A worker gives back a client whose session needs no server before its next query. */
    @Override
    public void onSessionParked(Worker worker, SessionMessages.SessionParked message) {
        ledger.sessionClosed(worker.slot(), message.sessionId());
        Client client = new Client(
                message.sessionId(),
                connections.apply(message.client()),
                TcpSockets.peer(message.origin().ip(), message.origin().port()),
                startup(message.startupPacket()),
                0);
        if (refusal != null) {
            refusals.refuse(client.connection(), refusal);
            return;
        }
        if (!memory.hasRoomFor(ParkedClients.weight(client, message.resumption()))) {
            refusals.refuse(client.connection(), Refusals.noRoomToStay());
            return;
        }
        long boundMs = config.exemptions().match(client.startup().parameters())
                ? 0
                : config.timeouts().activeConnection().toMillis();
        long leftMs = boundMs == 0 ? 0 : Math.max(1, boundMs - message.idleMs());
        parked.add(client, message.resumption(), leftMs, loop.clock().nanoTime() - message.idleMs() * NS_PER_MS);
        dispatchAll();
    }

    private static StartupPacket.Startup startup(byte[] packet) {
        try {
            return (StartupPacket.Startup) StartupPacketDecoder.decode(packet);
        } catch (ProtocolViolation e) {
            throw new IllegalStateException("a worker parked a client without a startup packet", e);
        }
    }

    private void idleTooLong(Client client) {
        refusals.refuse(client, client.connection(), BackendMessage.idleSessionTimeout());
    }

    /** @param goes whether the client takes its turn there */
    private Router.Route route(Client client, Set<ServerAddress> tried, boolean goes) {
        Router.Route route = Router.route(client.startup(), servers, config.routing(), tried);
        if (goes && route instanceof Router.Route.To to && to.usedTurn()) {
            servers = new Router.Servers(servers.primary(), servers.standbys(), servers.turn() + 1);
        }
        return route;
    }

    private PoolKey keyOf(Router.Route.To to) {
        return PoolKey.of(to.server(), to.startup(), config.poolIgnoreParameters());
    }

    /** @param lastWords for a client that no server is left for */
    private void routeAnew(RoutedClient client, byte[] lastWords) {
        if (route(client.client(), client.tried(), true) instanceof Router.Route.To to) {
            PoolKey key = keyOf(to);
            Standing there =
                    client.resumption() == null ? standing(client.client(), key, to.startup()) : Standing.PROVED;
            enqueue(client.elsewhere(to.startup(), key, there));
        } else {
            refusals.refuse(client.client(), client.connection(), lastWords);
        }
    }

    /**
     * A worker gives back a client that its server could not serve. Another standby may; the primary, when there is one to take its
     * place, is looked at first.
     */
    @Override
    public void onSessionReturned(Worker worker, SessionMessages.SessionReturned message) {
        ledger.sessionClosed(worker.slot(), message.sessionId());
        boolean gaveWay = leaving.containsKey(message.sessionId());
        Pending back = doneLoggingIn(message.sessionId());
        stopWanting(message.sessionId());
        if (back == null) {
            message.client().close(); // Nobody knows where it belongs, which must not cost everybody else their master.
            return;
        }
        boolean isFull = SqlState.TOO_MANY_CONNECTIONS.equals(BackendMessage.sqlState(message.lastWords()));
        if (isFull && !gaveWay) {
            returnedFull(back.client().crowdedOut(connections.apply(message.client())), message.lastWords());
            dispatchAll();
            return;
        }
        RoutedClient client = back.client().returned(connections.apply(message.client()));
        ServerAddress server = client.key().server();
        suspected.accept(server);
        boolean mayWait = !server.equals(servers.primary()) || primaryHeld;
        if (gaveWay) {
            refusals.refuse(client.connection(), Refusals.gaveWay());
        } else if (client.returns() > MAX_RETURNS || !mayWait) {
            refusals.refuse(client.client(), client.connection(), message.lastWords());
        } else {
            routeAnew(client, message.lastWords());
        }
        dispatchAll();
    }

    /** The server has no room for a client that was told nothing: an idle connection makes room, or another standby serves it. */
    private void returnedFull(RoutedClient client, byte[] refusal) {
        if (client.returns() <= MAX_RETURNS && makeRoom(client, refusal)) {
            enqueue(client);
        } else if (client.returns() <= MAX_RETURNS && !client.key().server().equals(servers.primary())) {
            routeAnew(client.withoutServer(), refusal);
        } else {
            refusals.refuse(client.client(), client.connection(), refusal);
        }
    }

    /**
     * Closes an idle connection that may be in the way of this client, who waits until it is gone.
     *
     * @param refusal the server's, which tells by its place in the server's source what there are too many of
     * @return false when there is none
     */
    private boolean makeRoom(RoutedClient client, byte[] refusal) {
        Ledger.BackendEntry inTheWay = ledger.inTheWay(client.key(), BackendMessage.errorField(refusal, 'R'));
        if (inTheWay == null) {
            return false;
        }
        client.waitFor(inTheWay);
        inTheWay.isWantedGone = true;
        Event.of("idle_gave_way")
                .limitedBy(gaveWay, loop.clock().nanoTime())
                .with("server", client.key().server())
                .with(
                        "user",
                        StartupParameters.display(client.key().parameters().serverUser()))
                .with("sqlstate", SqlState.TOO_MANY_CONNECTIONS)
                .message("the server had no room for a client; an idle connection of "
                        + StartupParameters.display(inTheWay.key.parameters().serverUser()) + " on "
                        + StartupParameters.display(inTheWay.key.parameters().serverDatabase())
                        + " is closed for it, and it is tried again")
                .hint(
                        "Set max_server_conn to what the server has for the proxy, and limit.user.NAME to a role's CONNECTION LIMIT.")
                .info();
        evictIfIdle(inTheWay);
        return true;
    }

    private void evictIfIdle(Ledger.BackendEntry backend) {
        if (backend.isIdle()) {
            evict(backend);
        }
    }

    /** A client was refused for want of room, and has heard so: the next one shall find some. */
    @Override
    public void onServerFull(Worker worker, PlaceMessages.ServerFull message) {
        Pending refused = loggingIn.get(message.sessionId());
        if (refused != null && refused.worker() == worker) {
            Ledger.BackendEntry inTheWay =
                    ledger.inTheWay(refused.client().key(), BackendMessage.errorField(message.refusal(), 'R'));
            if (inTheWay != null) {
                evictIfIdle(inTheWay);
            }
        }
    }

    /** Puts the client in line; it waits for its place, but not for ever, and nobody waits for a client that left. */
    private void enqueue(RoutedClient client) {
        if (refusal != null) {
            refuse(client, refusal);
            return;
        }
        waiting.add(client);
        noteUnproved(client);
        long waitedMs = (loop.clock().nanoTime() - client.sinceNs()) / NS_PER_MS;
        long leftMs = Math.max(1, config.timeouts().queryWait().toMillis() - waitedMs);
        client.startTimer(loop.scheduler().afterMs(leftMs, () -> timedOut(client)));
        if (client.isAtWorker()) {
            return; // Its worker notices when it leaves.
        }
        client.connection().onReady(ready -> left(client));
        client.connection().interest(Interest.HANGUP);
    }

    /** @return false when it was not in the line */
    private boolean leaveLine(RoutedClient client) {
        if (!waiting.remove(client)) {
            return false;
        }
        client.stopTimer();
        if (!client.isAtWorker()) {
            unproved.remove(client.sessionId());
        }
        return true;
    }

    /** Those whom nobody can ask have not had their chance. */
    private void noteUnproved(RoutedClient client) {
        boolean canBeAsked =
                !workers.poolWorkers().isEmpty() && !isHeld(client.key().server());
        if (client.standing() != Standing.PROVED && canBeAsked) {
            if (client.isAtWorker()) {
                unproved.addAtWorker(client);
            } else {
                unproved.addHere(client);
            }
        }
    }

    /** How the server asks clients of this kind is known now, or not any more: those who wait are taken for something else. */
    private void standAnew(ServerAddress server, String user, String database) {
        for (RoutedClient client : waiting.all()) {
            StartupParameters its = client.startup().parameters();
            if (client.isAtWorker()
                    || client.resumption() != null
                    || !client.key().server().equals(server)
                    || !its.serverUser().equals(user)
                    || !its.serverDatabase().equals(database)) {
                continue;
            }
            waiting.remove(client);
            unproved.remove(client.sessionId());
            client.standing(standing(client.client(), client.key(), client.startup()));
            waiting.add(client);
            noteUnproved(client);
        }
    }

    /**
     * Makes room for a client that has just come: one that came long ago and has not proved who it is gives way, or a few.
     *
     * @param bytes that the newcomer takes
     * @return false when there is nobody; when many are leaving their workers already, nobody who waits here
     */
    public boolean letGiveWay(int bytes) {
        List<RoutedClient> first = unproved.first(bytes, leaving.size() < MAX_LEAVING);
        first.forEach(this::giveWay);
        return !first.isEmpty();
    }

    /** Where the client was sent; null when it is only here. */
    private @Nullable Pending atWorker(RoutedClient client) {
        Pending sent = pending.get(client.sessionId());
        return sent == null ? loggingIn.get(client.sessionId()) : sent;
    }

    private void giveWay(RoutedClient client) {
        refusals.noteGivingWay(client.client().peer());
        Pending atWorker = atWorker(client);
        if (atWorker == null) {
            leaveLine(client);
            refuse(client, Refusals.gaveWay());
            return;
        }
        unproved.remove(client.sessionId());
        leaving.put(client.sessionId(), client.weight());
        leavingBytes += client.weight();
        stopWanting(client.sessionId());
        if (loggingIn.containsKey(client.sessionId())) {
            tellToGiveWay(atWorker);
        }
    }

    private static void tellToGiveWay(Pending atWorker) {
        atWorker.worker().send(new PlaceMessages.PlaceRefused(atWorker.client().sessionId(), Refusals.gaveWay()));
    }

    /** The worker has the client no more, or the client has proved who it is. */
    private @Nullable Pending doneLoggingIn(long clientId) {
        unproved.remove(clientId);
        Integer weight = leaving.remove(clientId);
        if (weight != null) {
            leavingBytes -= weight;
        }
        return loggingIn.remove(clientId);
    }

    /**
     * Sends clients of this server to workers, in order of arrival. One that waits for a place keeps back those behind it that
     * count in the same scope, and nobody else.
     */
    private void dispatch(ServerAddress server) {
        if (isHeld(server)) {
            return;
        }
        Turn turn = new Turn();
        PlaceLimits.Scope strangers = PlaceLimits.allStrangers(server);
        if (Admission.isFull(ledger, limits, strangers)) {
            turn.blocked.add(strangers); // However many neighbours they come from, they need not be looked at.
        }
        RoutedClient client = waiting.headAfter(server, 0, turn.blocked);
        while (client != null) {
            RoutedClient next = inTurn(client, turn);
            if (next != null && advance(next, turn) == Advance.STOP) {
                return;
            }
            boolean wasOvertaken = next != null && next != client && !waiting.has(next);
            client =
                    waiting.headAfter(server, wasOvertaken ? client.sessionId() - 1 : client.sessionId(), turn.blocked);
        }
    }

    /** Strangers take turns by where they come from, everybody else comes in order of arrival. Null for one who was looked at already. */
    private @Nullable RoutedClient inTurn(RoutedClient client, Turn turn) {
        if (client.standing() != Standing.STRANGER) {
            return client;
        }
        RoutedClient next = waiting.strangerInTurn(client.key().server(), turn.blocked, neighbours);
        if (next != null && turn.strangers.add(next.sessionId())) {
            return next;
        }
        return turn.strangers.add(client.sessionId()) ? client : null;
    }

    /** One look at a server's line. */
    private static final class Turn {
        /** Who was found to wait, by what for. */
        private final Map<PlaceLimits.Scope, Integer> waitingAhead = new HashMap<>();

        /** Scopes in which nobody can be served before something is reported. */
        private final Set<PlaceLimits.Scope> blocked = new HashSet<>();

        /** Who was looked at. */
        private final Set<Long> strangers = new HashSet<>();
    }

    /** What a client's turn means for those behind it. */
    private enum Advance {
        GO_ON,
        /** Nobody can be sent now. */
        STOP
    }

    private Advance advance(RoutedClient client, Turn turn) {
        if (client.isWaitingForRoom()) {
            return Advance.GO_ON;
        }
        if (!client.isAtWorker() && client.standing() != Standing.PROVED && othersAreLeavingForIt()) {
            return Advance.GO_ON; // Here it can give way at once, and there it could not.
        }
        Admission.Decision decision = decide(client, turn);
        while (decision instanceof Admission.Decision.Evict evict && letOvertake(client, evict.backend(), turn)) {
            decision = decide(client, turn);
        }
        if (decision instanceof Admission.Decision.Assign assign) {
            Worker worker = workers.poolWorker(assign.slot());
            if (worker == null) {
                throw new IllegalStateException(
                        "the ledger knows a worker " + assign.slot() + " that nobody else does");
            }
            if (!worker.hasRoom()) {
                tryAgainLater();
                return Advance.STOP;
            }
            return hand(client, worker, assign) ? Advance.GO_ON : Advance.STOP;
        }
        if (decision instanceof Admission.Decision.Evict evict) {
            if (hasPatience(client, evict.backend())) {
                tryAgainLater();
                return Advance.GO_ON;
            }
            evict(evict.backend());
            return waits(evict.scope(), turn);
        }
        PlaceLimits.Scope scope = ((Admission.Decision.Wait) decision).scope();
        if (client.standing() == Standing.STRANGER && !scope.isOfStrangers() && isShort(scope)) {
            // What is kept free for strangers is wanted now, and others must not wait for it too.
            evictFirst(scope, ledger.lastTurn());
        }
        return waits(scope, turn);
    }

    /** Whether clients that wait here will be let in as soon as workers have told others to go. */
    private boolean othersAreLeavingForIt() {
        return leaving.size() >= MAX_LEAVING
                || (!leaving.isEmpty()
                        && ledger.sessionCount() >= config.limits().clientConnections());
    }

    private Admission.Decision decide(RoutedClient client, Turn turn) {
        return Admission.decide(
                ledger,
                limits,
                client.candidate(limits),
                maxWorkerLoad,
                scope -> turn.waitingAhead.getOrDefault(scope, 0));
    }

    /**
     * A client that was asked in one worker cannot have what is idle in another, and one that must be asked by the server nothing that was
     * somebody else's. Rather than close that, and open the same again, it lets somebody go first who waits there for just that.
     *
     * @return whether somebody went first
     */
    private boolean letOvertake(RoutedClient client, Ledger.BackendEntry idle, Turn turn) {
        Worker worker = workers.poolWorker(idle.worker.slot);
        if (!client.isAtWorker()
                || !idle.key.equals(client.key())
                || client.overtaken() >= MAX_OVERTAKEN
                || worker == null
                || !worker.hasRoom()) {
            return false;
        }
        RoutedClient there = waiting.firstAt(idle.worker.slot, idle.key);
        if (there == null
                || !(decide(there, turn) instanceof Admission.Decision.Assign assign)
                || assign.claimed() == null) {
            return false;
        }
        client.wasOvertaken();
        giveThere(there, worker, assign);
        return true;
    }

    /**
     * Whether the client waits a moment longer, because what is idle elsewhere is likely to be taken by somebody who is asked there, or
     * because something like it may become idle where the client is.
     */
    private boolean hasPatience(RoutedClient client, Ledger.BackendEntry idle) {
        Ledger.WorkerEntry own = ledger.worker(client.slot());
        return own != null
                && idle.key.equals(client.key())
                && (idle.worker.asked(idle.key) > 0 || own.backends(idle.key) > 0)
                && loop.clock().nanoTime() - client.patientSinceNs(loop.clock().nanoTime()) < PATIENCE_NS;
    }

    /** When more wait in a scope than places of it are being made free, nobody behind them who counts in it can be served. */
    private Advance waits(PlaceLimits.Scope scope, Turn turn) {
        int ahead = turn.waitingAhead.merge(scope, 1, Integer::sum);
        if (ahead > ledger.closing(scope)) {
            turn.blocked.add(scope);
            return scope.kind() == PlaceLimits.Kind.SERVER && !scope.isOfStrangers() ? Advance.STOP : Advance.GO_ON;
        }
        return Advance.GO_ON;
    }

    /** A worker that is behind with its reading reports nothing by which the line would move on. */
    private void tryAgainLater() {
        if (!retryPlanned) {
            retryPlanned = true;
            loop.scheduler().afterMs(RETRY_MS, () -> {
                retryPlanned = false;
                dispatchAll();
            });
        }
    }

    /** @return whether the client is on its way */
    private boolean hand(RoutedClient client, Worker worker, Admission.Decision.Assign assign) {
        if (client.isAtWorker()) {
            giveThere(client, worker, assign);
            return true;
        }
        try {
            worker.send(assignment(client, assign, client.forWorker()));
        } catch (IOException e) {
            // No descriptor is left for the duplicate: the client waits until one is.
            tryAgainLater();
            return false;
        }
        leaveLine(client);
        book(assign);
        pending.put(client.sessionId(), new Pending(client, worker));
        if (client.standing() != Standing.PROVED) {
            unproved.addAtWorker(client);
        }
        ledger.assigned(
                worker.slot(),
                client.sessionId(),
                client.key(),
                client.weight(),
                assign.claimed(),
                client.scopes(limits));
        limits.scopes(client.key()).forEach(this::keepReserve);
        noteTurn(client);
        return true;
    }

    private void book(Admission.Decision.Assign assign) {
        if (assign.booked() != null) {
            ledger.booked(assign.booked());
        }
    }

    private void noteTurn(RoutedClient client) {
        if (client.standing() == Standing.STRANGER) {
            neighbours.served(client.neighbour());
        }
    }

    private void giveThere(RoutedClient client, Worker worker, Admission.Decision.Assign assign) {
        leaveLine(client);
        book(assign);
        wanting.remove(client.sessionId());
        ledger.placed(worker.slot(), client.sessionId(), assign.claimed(), client.scopes(limits));
        limits.scopes(client.key()).forEach(this::keepReserve);
        noteTurn(client);
        long expected = assign.claimed() == null ? 0 : assign.claimed().id;
        worker.send(new PlaceMessages.PlaceGiven(client.sessionId(), expected, loginMs(client, expected > 0)));
    }

    /** A worker has asked a client for its password, and it wants a place now. */
    @Override
    public void onPlaceWanted(Worker worker, PlaceMessages.PlaceWanted message) {
        Pending asked = loggingIn.get(message.sessionId());
        if (asked == null || asked.worker() != worker) {
            worker.send(new PlaceMessages.PlaceRefused(message.sessionId(), NO_SERVER));
            return;
        }
        if (leaving.containsKey(message.sessionId())) {
            return; // It was told to go before it wanted this.
        }
        ledger.unplaced(worker.slot(), message.sessionId());
        RoutedClient client = asked.client().at(worker.slot(), message.proved() ? Standing.PROVED : Standing.STRANGER);
        if (message.proved()) {
            unproved.remove(client.sessionId());
        }
        if (message.refusal().length > 0
                && (asked.client().noteCrowdedOut() > MAX_RETURNS || !makeRoom(client, message.refusal()))) {
            worker.send(new PlaceMessages.PlaceRefused(message.sessionId(), message.refusal()));
            return;
        }
        wanting.put(client.sessionId(), client);
        enqueue(client);
        dispatch(client.key().server());
    }

    /** The server does not ask clients of this role as it did. */
    public void loginChanged(ServerAddress server, String user, String database) {
        known.forget(server, user, database);
        standAnew(server, user, database);
    }

    private SessionMessages.AssignSession assignment(
            RoutedClient client, Admission.Decision.Assign assign, Descriptor duplicate) {
        return new SessionMessages.AssignSession(
                client.sessionId(),
                client.key().server(),
                assign.claimed() == null ? 0 : assign.claimed().id,
                client.standing() == Standing.VISITOR
                        ? known.method(client.key().server(), client.startup().parameters())
                        : AuthenticationMethod.OTHER,
                Math.max(
                        1,
                        loginMs(client, assign.claimed() != null)
                                - client.client().startupMs()),
                config.exemptions().match(client.startup().parameters()),
                config.singleUse().match(client.startup().parameters()),
                client.origin(loop.clock().nanoTime()),
                client.startup().packet(),
                Optional.ofNullable(client.resumption()),
                duplicate);
    }

    /**
     * How long a login may take: with a place that others may wait for, or a warm backend, who has proved nothing has a small part of the
     * time only.
     */
    private long loginMs(RoutedClient client, boolean hasWarm) {
        long allMs = config.timeouts().clientLogin().toMillis();
        boolean isScarce = hasWarm || !limits.areNone(client.key());
        return client.standing() == Standing.STRANGER && isScarce
                ? Math.max(Math.min(allMs, LEAST_LOGIN_MS), allMs / STRANGERS_TIME_DIVISOR)
                : allMs;
    }

    private void left(RoutedClient client) {
        if (leaveLine(client)) {
            client.connection().close();
        }
    }

    private void timedOut(RoutedClient client) {
        if (!leaveLine(client)) {
            return;
        }
        boolean noWorker = workers.poolWorkers().isEmpty();
        PlaceLimits.Scope full = fullScope(client);
        boolean isPaused = paused.contains(client.key().server());
        boolean isDown = isHeld(client.key().server()) && !isPaused;
        String hint = isPaused
                ? "An operator has paused this server; RESUME in pg_proxy lets clients go on."
                : full != null && full.isOfStrangers()
                        ? "Others who have not logged in yet had all places for such clients: " + limits.describe(full)
                                + ". Raise max_server_conn, or find out who they are: SELECT * FROM connection in pg_proxy."
                        : isDown
                                ? "The primary does not answer, and no other server has taken its place; pgproxy's log says why."
                                : noWorker
                                        ? "No worker of the proxy is ready; its log says why."
                                        : "All connections that max_server_conn, limit.user, limit.database and the limit of open files allow"
                                                + " are in use; raise the limit, or use fewer at once.";
        Event.of("client_wait_timeout")
                .limitedBy(timeouts, loop.clock().nanoTime())
                .with("peer", TcpSockets.display(client.client().peer()))
                .with("server", client.key().server())
                .with("waiting", waiting.size())
                .message("a client waited for query_wait_timeout, got no connection, and was refused")
                .hint(hint)
                .warn();
        refuse(
                client,
                BackendMessage.fatal(
                        noWorker || isPaused || isDown ? SqlState.CANNOT_CONNECT_NOW : SqlState.TOO_MANY_CONNECTIONS,
                        "no connection to the server became free within query_wait_timeout",
                        hint));
    }

    @Override
    public void workerReady(Worker worker) {
        if (worker.kind() != ChildKind.POOL) {
            return;
        }
        ledger.workerReady(worker.slot());
        canBeAskedNow();
        dispatchAll();
    }

    /** Its sessions ended with it, and those it had not acknowledged are routed again. */
    @Override
    public void workerGone(Worker worker) {
        if (worker.kind() != ChildKind.POOL) {
            return;
        }
        ledger.workerGone(worker.slot());
        List<RoutedClient> unacknowledged = pending.values().stream()
                .filter(each -> each.worker() == worker)
                .map(Pending::client)
                .toList();
        if (!unacknowledged.isEmpty()) {
            Event.of("clients_rerouted").with("count", unacknowledged.size()).info();
        }
        for (RoutedClient client : unacknowledged) {
            pending.remove(client.sessionId());
            boolean gaveWay = leaving.containsKey(client.sessionId());
            doneLoggingIn(client.sessionId());
            if (gaveWay) {
                refusals.refuse(client.connection(), Refusals.gaveWay());
            } else {
                routeAnew(client, NO_SERVER);
            }
        }
        List<Long> lost = loggingIn.entrySet().stream()
                .filter(each -> each.getValue().worker() == worker)
                .map(Map.Entry::getKey)
                .toList();
        lost.forEach(this::doneLoggingIn);
        for (RoutedClient client : List.copyOf(wanting.values())) {
            if (client.slot() == worker.slot()) {
                stopWanting(client.sessionId());
            }
        }
        dispatchAll();
    }

    @Override
    public void onSessionAccepted(Worker worker, SessionMessages.SessionAccepted message) {
        @Nullable Pending accepted = pending.remove(message.sessionId());
        if (accepted != null) {
            accepted.client().handedOver();
            loggingIn.put(message.sessionId(), accepted);
            if (leaving.containsKey(message.sessionId())) {
                tellToGiveWay(accepted); // Before, it had not taken the client over.
            }
        }
        if (message.backendId() > 0) {
            joined(worker, message.sessionId(), message.backendId());
        } else {
            dispatchAll();
        }
    }

    private void stopWanting(long clientId) {
        RoutedClient client = wanting.remove(clientId);
        if (client != null) {
            leaveLine(client);
        }
    }

    @Override
    public void onSessionOpened(Worker worker, SessionMessages.SessionOpened message) {
        Pending in = doneLoggingIn(message.sessionId());
        if (in != null) {
            ServerAddress server = in.client().key().server();
            StartupParameters kind = in.client().startup().parameters();
            if (known.letIn(server, kind, message.method())) {
                standAnew(server, kind.serverUser(), kind.serverDatabase());
            }
        }
        ledger.proved(worker.slot(), message.sessionId());
        ledger.joined(worker.slot(), message.sessionId(), message.backendId());
        ledger.opened(worker.slot(), message.backendId());
        dispatchAll();
    }

    /** What a session got may not be what it was promised, and then that is free for somebody else. */
    private void joined(Worker worker, long sessionId, long backendId) {
        ledger.joined(worker.slot(), sessionId, backendId);
        dispatchAll();
    }

    @Override
    public void onSessionClosed(Worker worker, SessionMessages.SessionClosed message) {
        Pending refused = pending.remove(message.sessionId());
        if (refused != null) {
            refused.client().handedOver(); // The worker could not even begin, and has closed it.
        }
        stopWanting(message.sessionId());
        doneLoggingIn(message.sessionId());
        ledger.sessionClosed(worker.slot(), message.sessionId());
        dispatchAll();
    }

    @Override
    public void onBackendResetting(Worker worker, BackendMessages.BackendResetting message) {
        ledger.backendStatus(worker.slot(), message.backendId(), Ledger.BackendStatus.RESETTING);
        dispatchAll();
    }

    @Override
    public void onBackendClosing(Worker worker, BackendMessages.BackendClosing message) {
        ledger.backendStatus(worker.slot(), message.backendId(), Ledger.BackendStatus.CLOSING);
    }

    @Override
    public void onBackendIdle(Worker worker, BackendMessages.BackendIdle message) {
        ledger.backendStatus(worker.slot(), message.backendId(), Ledger.BackendStatus.IDLE);
        Ledger.BackendEntry idle = ledger.backend(worker.slot(), message.backendId());
        if (idle != null && idle.isWantedGone) {
            evictIfIdle(idle);
        }
        dispatchAll();
        PoolKey key = ledger.keyOf(worker.slot(), message.backendId());
        if (key != null) {
            closeSurplus(key.server());
            limits.scopes(key).forEach(this::closeAbove);
            limits.scopes(key).forEach(this::keepReserve);
        }
    }

    /** Closes idle connections above a limit that was lowered, since nobody is given a place as long as there are more. */
    private void closeAbove(PlaceLimits.Scope scope) {
        int most = limits.limit(scope);
        while (most > 0 && ledger.open(scope) > most && evictFirst(scope, ledger.lastTurn())) {
            // until the limit is kept, or nothing is idle
        }
    }

    /** Closes idle connections to this server above max_idle_server_conn, which others may need more than the proxy. */
    private void closeSurplus(ServerAddress server) {
        int most = config.limits().idleConnections();
        PlaceLimits.Scope scope = PlaceLimits.server(server);
        while (most > 0 && ledger.idleCount(scope) > most && evictFirst(scope, ledger.lastTurn())) {
            // until the bound is kept
        }
        keepReserve(scope);
    }

    /**
     * Sees to it that idle connections do not go on leaving too few places for those who have proved nothing. One that was used just now
     * is likely to be wanted again at once, and stays for a while.
     */
    private void keepReserve(PlaceLimits.Scope scope) {
        if (!reservePlanned && isShort(scope) && ledger.idleCount(scope) > 0) {
            reservePlanned = true;
            long turn = ledger.lastTurn();
            loop.scheduler().afterMs(RESERVE_AFTER_MS, () -> {
                reservePlanned = false;
                keepReserves(turn);
            });
        }
    }

    /** @param untilTurn who became idle later than this stays */
    private void keepReserves(long untilTurn) {
        for (PlaceLimits.Scope scope : ledger.limitedScopes()) {
            while (isShort(scope) && evictFirst(scope, untilTurn)) {
                // until there are enough
            }
            keepReserve(scope);
        }
    }

    private boolean isShort(PlaceLimits.Scope scope) {
        int limit = limits.limit(scope);
        return limit > 0 && ledger.connections(scope) - ledger.closing(scope) > limit - limits.reserve(scope);
    }

    /**
     * Closes an idle connection.
     *
     * @param untilTurn none that became idle later
     * @return whether there was one
     */
    private boolean evictFirst(PlaceLimits.Scope scope, long untilTurn) {
        Ledger.BackendEntry surplus = ledger.firstToGo(scope, untilTurn);
        if (surplus != null) {
            evict(surplus);
        }
        return surplus != null;
    }

    private void evict(Ledger.BackendEntry backend) {
        ledger.closing(backend);
        Worker worker = workers.poolWorker(backend.worker.slot);
        if (worker != null) {
            worker.send(new BackendMessages.EvictBackend(backend.id));
        }
    }

    @Override
    public void onBackendGone(Worker worker, BackendMessages.BackendGone message) {
        ledger.backendGone(worker.slot(), message.backendId());
        dispatchAll();
    }

    /** Somebody wants a database to themselves: idle backends must not be what keeps them from it. */
    @Override
    public void onObjectInUse(Worker worker, BackendMessages.ObjectInUse message) {
        workers.toPoolWorkers(new BackendMessages.GiveUpIdle(message.server(), message.message(), message.isWaiting()));
    }

    private void dispatchAll() {
        if (waiting.size() > 0) {
            waiting.servers().forEach(this::dispatch);
        }
    }

    /** The proxy stops: nobody who waits will get a place any more. */
    public void refuseAll(byte[] why) {
        refusal = why;
        for (RoutedClient client : waiting.all()) {
            leaveLine(client);
            refuse(client, why);
        }
        parked.takeAll().forEach(client -> refusals.refuse(client.connection(), why));
    }
}
