package dev.pgproxy.simulation;

import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.OperatorCommand;
import dev.pgproxy.common.log.LogJournal;
import dev.pgproxy.common.log.LogSetup;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.Master;
import dev.pgproxy.master.failover.FailoverState;
import dev.pgproxy.master.failover.StartDecision;
import dev.pgproxy.poolworker.backend.Connector;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import dev.pgproxy.testkit.simulation.SimulatedRoles;
import dev.pgproxy.testkit.simulation.SimulatedServer;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import dev.pgproxy.testkit.simulation.SimulationRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One run: a master and its children, two servers, clients and operators, under the schedule of one seed. After every step: one client per
 * backend, limits kept over all workers, at most one promotion, and not a byte touched of a client that would be routed again. In the end
 * every client has been answered or told why not, and no connection is left.
 */
final class ClusterSimulation implements SimulationRun {

    private static final int CLIENTS = 30;
    private static final int MAX_STEPS = 600_000;
    private static final int NEIGHBOURS = 3;
    /** No client has received it. */
    static final byte[] WRONG_SECRET = {0, 0, 0, 1};

    /** On average, also while the last clients leave and while the proxy stops; more die while clients arrive. */
    private static final int STEPS_BETWEEN_DEATHS = 4_000;

    /** By then a session that was given a place before a limit was lowered has its connection, or none. */
    private static final long LIMITS_SETTLE_MS = 5_000;

    /** By then a dead primary has a successor, or something prevents it. */
    private static final long DEAD_MS = 20_000;

    private final long seed;
    private final ClusterWorld world;
    private final ProxyConfig config;
    private final SimulatedRoles roles;
    private final OperatorFile file;
    private final List<SimulatedHost> oldHosts = new ArrayList<>();
    private final boolean mastersDie;
    private SimulatedProcess process;
    private SimulatedHost host;
    private Master master;
    private Optional<FailoverState> disk = Optional.empty();
    private int generation;
    private final Map<Endpoint, ClusterServer> servers = new LinkedHashMap<>();
    private final Map<Integer, byte[]> keys = new HashMap<>();
    private final Map<Integer, Integer> cancelsInFlight = new HashMap<>();
    private final Set<ClusterClient> present = new LinkedHashSet<>();
    private final Set<String> cutOff = new HashSet<>();
    private final Map<Long, String> names = new HashMap<>();
    private final Map<String, Integer> ceilings = new HashMap<>();
    private ProxyConfig.@Nullable Limits limitsInForce;
    private long limitsChangedAtMs;
    private final boolean isDeadly;
    private final boolean crashes;

    /** Whether operators change limits. */
    private final boolean isReconfigured;

    /** Whether many clients of few roles arrive at once, so that backends are passed from one to another. */
    private final boolean isCrowded;

    /** The number of the client at whose arrival the primary dies for good; never if there are fewer clients. */
    private final int fatalArrival;

    /** The number of the client at whose arrival an operator wants a switchover; never if there are fewer clients. */
    private final int plannedArrival;

    private boolean switchoverPlanned;
    private long primaryDiedAtMs = -1;
    private int arrived;
    private int serverPids = 1_000;
    private int promotions;
    private int switchovers;
    private boolean decided;
    private boolean serversChange;
    private boolean holds;
    private boolean isStopping;

    /**
     * Nothing has begun.
     *
     * @param path for the operator's configuration
     */
    ClusterSimulation(long seed, Path path) {
        this.seed = seed;
        this.file = new OperatorFile(path, seed);
        this.config = file.read();
        this.isReconfigured = seed % 3 == 0;
        this.world = new ClusterWorld(seed);
        this.isDeadly = random().nextInt(3) > 0;
        this.crashes = random().nextInt(3) == 0;
        this.isCrowded = random().nextBoolean();
        int fate = random().nextInt(6);
        this.fatalArrival = fate < 2 ? 1 + random().nextInt(CLIENTS) : CLIENTS + 1;
        this.plannedArrival = fate == 2 ? 1 + random().nextInt(CLIENTS) : CLIENTS + 1;
        this.roles = new SimulatedRoles(random());
        this.mastersDie = isDeadly && random().nextInt(3) == 0;
        addServer(config.servers().primary(), false);
        config.servers().promote().ifPresent(standby -> addServer(standby, true));
        this.process = world.newProcess();
        Protocol protocol = new Protocol();
        this.host = new SimulatedHost(this, world, protocol, process, 0);
        this.master = newMaster(config, FailoverState.initial(config.servers()), protocol);
    }

    private Master newMaster(ProxyConfig inForce, FailoverState state, Protocol protocol) {
        return new Master(
                inForce, state, file.path(), "simulated", process.loop(), host, protocol, 1_000, Long.MAX_VALUE / 2);
    }

    /** The master dies between two steps, and the next one starts after a while. */
    private void killMaster() {
        world.trace("the master dies");
        present.forEach(client -> cutOff.add(client.name())); // It had the clients that no worker had.
        serversChange = true;
        process.kill();
        host.masterDied();
        oldHosts.add(host);
        world.later(this::startNextMaster);
    }

    private void startNextMaster() {
        world.trace("the next master starts");
        generation++;
        process = world.newProcess();
        Protocol protocol = new Protocol();
        host = new SimulatedHost(this, world, protocol, process, generation);
        try {
            FailoverState state = StartDecision.of(config.servers(), disk);
            ProxyConfig written = file.read();
            master = newMaster(written.withServers(StartDecision.servers(written.servers(), state)), state, protocol);
            ceilings.clear();
            master.start();
        } catch (StartDecision.ContradictionException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private void addServer(Endpoint address, boolean inRecovery) {
        servers.put(address, new ClusterServer(address, inRecovery));
    }

    /** Runs until all clients and processes are gone. */
    void run() throws IOException {
        LogSetup.journal()
                .take(LogJournal.MAX_LINES); // Lines that the previous run has left would be reported in this one.
        master.start();
        world.add(this::happen);
        while (!world.actorsAreDone()) {
            step(() -> "still there: " + present);
        }
        isStopping = true;
        check(process.isAlive(), "no master is there in the end");
        master.stop("TERM");
        while (!process.loop().isStopped() || !children().isEmpty() || world.openConnections() > 0) {
            step(() -> "the proxy does not stop");
        }
        check(process.loop().isStopped(), "the master is still there");
    }

    private void step(Supplier<String> problem) {
        if (world.steps() >= MAX_STEPS) {
            check(false, problem.get());
        }
        try {
            world.step();
            if (isDeadly && random().nextInt(STEPS_BETWEEN_DEATHS) == 0) {
                killChild(children());
            }
            children().forEach(SimulatedHost.Child::exitIfDone);
        } catch (RuntimeException e) {
            throw new AssertionError(where() + ": " + e, e);
        }
        checkInvariants();
    }

    /** The children of the master and of the masters before it. */
    private List<SimulatedHost.Child> children() {
        List<SimulatedHost.Child> all = new ArrayList<>(host.children());
        oldHosts.forEach(old -> all.addAll(old.children()));
        return all;
    }

    private void checkInvariants() {
        for (ClusterServer server : servers.values()) {
            checkLimits(server);
        }
        for (SimulatedHost.Child child : children()) {
            if (child.node() instanceof PoolNode pool) {
                pool.check();
            }
        }
        check(promotions <= 1, promotions + " promotions");
    }

    private void checkLimits(ClusterServer server) {
        ProxyConfig.Limits limits = master.config().limits();
        if (!limits.equals(limitsInForce)) {
            limitsInForce = limits;
            limitsChangedAtMs = world.elapsedMs();
        }
        String address = server.address().toString();
        checkLimit(address, server.connections(generation), limits.serverConnections());
        for (String user : SimulatedRoles.USERS) {
            int limit = limits.ofUser().getOrDefault(user, 0);
            checkLimit(user + " to " + address, server.connectionsOf(user, generation), limit);
        }
        int ofDatabase = limits.ofDatabase().getOrDefault("shop", 0);
        checkLimit("shop to " + address, server.connections(generation), ofDatabase);
    }

    /** When a limit is lowered, the connections above it may stay until they end, and new ones may not take their place. */
    private void checkLimit(String of, int connections, int limit) {
        int most = limit == 0 ? Integer.MAX_VALUE : limit;
        int ceiling = ceilings.merge(of, most, Math::max);
        check(connections <= ceiling, connections + " connections of " + of + ", where " + ceiling + " are allowed");
        if (connections <= most && world.elapsedMs() - limitsChangedAtMs > LIMITS_SETTLE_MS) {
            ceilings.put(of, most);
        }
    }

    /** A session of this user gets a place at a server, which must not happen while there are more connections than allowed. */
    void givesPlace(Endpoint endpoint, String user) {
        ProxyConfig.Limits limits = master.config().limits();
        ClusterServer server = server(endpoint);
        checkPlace(endpoint.toString(), server.connections(generation), limits.serverConnections());
        int ofUser = limits.ofUser().getOrDefault(user, 0);
        checkPlace(user + " at " + endpoint, server.connectionsOf(user, generation), ofUser);
        int ofDatabase = limits.ofDatabase().getOrDefault("shop", 0);
        checkPlace("shop at " + endpoint, server.connections(generation), ofDatabase);
    }

    private void checkPlace(String at, int open, int limit) {
        check(
                limit == 0 || open <= limit,
                "a place is given: " + at + " has " + open + " connections, where " + limit + " are allowed");
    }

    /** Events from outside. */
    private boolean happen() {
        if (config.auth().verifierCache().isZero() && random().nextInt(CLIENTS) == 0) {
            world.trace("the roles change");
            roles.change();
        }
        switch (random().nextInt(isCrowded ? 6 : 12)) {
            case 0, 1, 2 -> {
                if (arrived < CLIENTS) {
                    arrive();
                }
            }
            case 3 -> cancel();
            case 4 -> operate();
            case 5 -> {
                kill();
                changeServers();
            }
            default -> {}
        }
        boolean goesOn = arrived < CLIENTS || isPrimaryDead();
        if (!goesOn) {
            // Clients that wait for a hung server would never be done.
            servers.values().forEach(server -> server.condition(ClusterServer.Condition.UP));
        }
        return goesOn;
    }

    private boolean isPrimaryDead() {
        return primaryDiedAtMs >= 0 && promotions == 0 && world.elapsedMs() - primaryDiedAtMs < DEAD_MS;
    }

    private void primaryDies() {
        ClusterServer primary = server(config.servers().primary());
        ClusterServer.Condition end =
                random().nextInt(4) == 0 ? ClusterServer.Condition.HUNG : ClusterServer.Condition.DOWN;
        world.trace("the primary is " + end + " for good");
        serversChange = true;
        primaryDiedAtMs = world.elapsedMs();
        primary.condition(end);
    }

    private void arrive() {
        int number = ++arrived;
        if (number == fatalArrival) {
            primaryDies();
        }
        switchoverPlanned |= number == plannedArrival;
        List<String> users = SimulatedRoles.USERS;
        String user = users.get((int) ((isCrowded ? seed & 2 : 0) + random().nextInt(isCrowded ? 2 : users.size())));
        ClusterClient client = new ClusterClient(this, "c" + number + "_", user, 1 + random().nextInt(NEIGHBOURS));
        trace(client.name() + " arrives as " + user);
        present.add(client);
        world.add(() -> {
            boolean stays = client.act();
            if (!stays) {
                trace(client.name() + " is gone");
                present.remove(client);
            }
            return stays;
        });
    }

    /** Cancels with a key that a client received, or with one that no client did. */
    private void cancel() {
        List<Integer> pids = List.copyOf(keys.keySet());
        if (pids.isEmpty()) {
            return;
        }
        int pid = pids.get(random().nextInt(pids.size()));
        byte[] secret = random().nextInt(5) == 0 ? WRONG_SECRET : keys.get(pid);
        SimulatedTransport connection = connect(1);
        if (connection != null && secret != null) {
            trace("a CancelRequest for " + pid + (Arrays.equals(secret, WRONG_SECRET) ? " with a wrong secret" : ""));
            connection.farWrite(FrontendMessage.cancelRequest(pid, secret));
            awaitEnd(connection);
        }
    }

    private void awaitEnd(SimulatedTransport connection) {
        world.add(() -> {
            connection.farRead();
            if (connection.farSeesEnd()) {
                connection.farClose();
                return false;
            }
            return true;
        });
    }

    private void operate() {
        AdminNode admin = null;
        for (SimulatedHost.Child child : host.children()) {
            admin = child.node() instanceof AdminNode node && node.isReady() ? node : admin;
        }
        if (admin == null) {
            logInToPgProxy();
            return;
        }
        if (switchoverPlanned) {
            switchoverPlanned = false;
            switchOver(admin);
            return;
        }
        switch (random().nextInt(12)) {
            case 0, 1 -> admin.command(OperatorCommand.PAUSE, "");
            case 2, 3, 4 -> admin.command(OperatorCommand.RESUME, "");
            case 5 -> admin.command(OperatorCommand.RECONNECT, "");
            case 6 -> reload(admin);
            case 7 -> switchOver(admin);
            case 8 -> admin.command(OperatorCommand.SWITCHOVER_CANCEL, "");
            case 9 -> endSomething(admin);
            default -> admin.takeSnapshot();
        }
    }

    private void reload(AdminNode admin) {
        if (isReconfigured) {
            world.trace("the operator writes other limits");
            file.writeOtherLimits();
        }
        admin.command(OperatorCommand.RELOAD, "");
    }

    private void switchOver(AdminNode admin) {
        holds = true;
        serversChange = true;
        admin.command(OperatorCommand.SWITCHOVER, standby());
    }

    private String standby() {
        return servers.values().stream()
                .filter(server -> !server.isPrimary())
                .map(server -> server.address().toString())
                .findFirst()
                .orElse("nobody:1");
    }

    private void endSomething(AdminNode admin) {
        List<SimulatedHost.Child> pools = host.children().stream()
                .filter(child -> child.kind() == ChildKind.POOL)
                .toList();
        long pid = pools.isEmpty() || random().nextInt(4) == 0
                ? host.pid()
                : pools.get(random().nextInt(pools.size())).pid();
        serversChange = true; // This ends sessions from outside as well.
        admin.endSession(pid, 1 + random().nextInt(CLIENTS));
    }

    private void logInToPgProxy() {
        SimulatedTransport connection = connect(1);
        if (connection != null) {
            connection.farWrite(FrontendMessage.startup(
                    3 << 16,
                    List.of(
                            new StartupParameters.Parameter("user", "operator"),
                            new StartupParameters.Parameter("database", "pg_proxy"))));
            awaitEnd(connection);
        }
    }

    private void kill() {
        if (mastersDie && process.isAlive() && random().nextInt(40) == 0) {
            killMaster();
            return;
        }
        // The most is lost with children that have unsent messages.
        List<SimulatedHost.Child> unheard =
                children().stream().filter(SimulatedHost.Child::isUnheard).toList();
        boolean isChosen = !unheard.isEmpty() && random().nextBoolean();
        List<SimulatedHost.Child> children = isChosen ? unheard : children();
        if (isDeadly && random().nextInt(isChosen ? 3 : 6) == 0) {
            killChild(children);
        }
    }

    private void killChild(List<SimulatedHost.Child> children) {
        if (!children.isEmpty()) {
            children.get(random().nextInt(children.size())).kill();
        }
    }

    private void changeServers() {
        if (!crashes || random().nextInt(3) > 0) {
            return;
        }
        List<ClusterServer> all = new ArrayList<>(servers.values());
        ClusterServer server = all.get(random().nextInt(all.size()));
        if (isPrimaryDead()) {
            return;
        }
        serversChange = true;
        ClusterServer.Condition next = switch (random().nextInt(4)) {
            case 0 -> ClusterServer.Condition.DOWN;
            case 1 -> ClusterServer.Condition.HUNG;
            default -> ClusterServer.Condition.UP;
        };
        world.trace(server.address() + " is " + next);
        server.condition(next);
    }

    /** A client connects from this neighbour; null when nothing listens. */
    @Nullable
    SimulatedTransport connect(int neighbour) {
        return host.connect(new Peer.Tcp("10.0.0." + neighbour, 40_000));
    }

    /** A worker opens a connection. */
    void connectToServer(SimulatedProcess worker, Endpoint address, int ofGeneration, Connector.Handler handler) {
        ClusterServer server = server(address);
        if (server.condition() == ClusterServer.Condition.DOWN || random().nextInt(40) == 0) {
            trace(address + " refuses a connection");
            handler.failed("Connection refused (simulated)");
            return;
        }
        trace(address + " accepts a connection as " + (serverPids + 1));
        SimulatedTransport transport = world.connect(worker);
        SimulatedServer session = new SimulatedServer(transport, ++serverPids, this);
        server.opened(transport, session, ofGeneration);
        world.add(() -> {
            if (server.condition() == ClusterServer.Condition.HUNG) {
                return !transport.isConnectionClosed();
            }
            return session.act();
        });
        handler.connected(transport, address);
    }

    /** What a probe finds. */
    Observation observe(Endpoint address) {
        boolean primaryIsUp = servers.values().stream()
                .anyMatch(server -> server.isPrimary() && server.condition() == ClusterServer.Condition.UP);
        return server(address).observe(primaryIsUp);
    }

    ClusterServer server(Endpoint address) {
        ClusterServer server = servers.get(address);
        if (server == null) {
            throw new IllegalStateException("nobody knows " + address);
        }
        return server;
    }

    /** A standby was told to become the primary. */
    void promote(ClusterServer server) {
        world.trace(server.address() + " is promoted");
        check(decided, server.address() + " is promoted before the decision is durable");
        ClusterServer primary = server(config.servers().primary());
        boolean isPlanned = disk.flatMap(FailoverState::decision)
                        .map(FailoverState.Decision::cause)
                        .orElse(null)
                == FailoverState.Cause.SWITCHOVER;
        check(
                !isPlanned || !primary.isInTransaction(generation),
                server.address() + " is promoted while a transaction is open on " + primary.address());
        if (!server.isPrimary()) {
            switchovers += isPlanned ? 1 : 0;
            promotions++;
            server.promote();
        }
    }

    /** The next master will know this. */
    void keep(FailoverState state) {
        disk = Optional.of(state);
        decided |= state.decision().isPresent();
    }

    /** Runs the task in one of the next steps, unless the process is dead by then. */
    void later(Node node, Runnable task) {
        world.later(() -> {
            if (node.process().isAlive()) {
                task.run();
            }
        });
    }

    /** A CancelRequest is on its way to this server process. */
    void cancelSent(int pid, Runnable whenOver) {
        cancelsInFlight.merge(pid, 1, Integer::sum);
        world.later(() -> {
            cancelsInFlight.merge(pid, -1, Integer::sum);
            whenOver.run();
        });
    }

    /** The client of this session has lost its connection, along with the process that had it. */
    void cutOff(long session) {
        String name = names.get(session);
        if (name != null) {
            cutOff.add(name);
        }
    }

    /** A session is on its way to a worker. */
    void assigned(long session, Endpoint server, byte[] startupPacket) {
        check(
                promotions == 0 || !server.equals(config.servers().primary()),
                "session " + session + " is sent to " + server + ", whose place another server has taken");
        names.put(session, parameter(startupPacket, StartupParameters.APPLICATION_NAME));
    }

    /** What a client's startup packet sets; empty for nothing. */
    static String parameter(byte[] startupPacket, String name) {
        String text = new String(startupPacket, StandardCharsets.ISO_8859_1);
        int at = text.indexOf("\0" + name + "\0");
        int start = at + name.length() + 2;
        return at < 0 ? "" : text.substring(start, text.indexOf('\0', start));
    }

    @Override
    public Random random() {
        return world.random();
    }

    @Override
    public void check(boolean holdsTrue, String violation) {
        if (!holdsTrue) {
            throw new AssertionError(where() + ": " + violation);
        }
    }

    private String where() {
        return "seed=" + seed + " step=" + world.steps()
                + "; replay: mvn -pl system-tests -am test -Dtest=ClusterSimulationTest#invariantsHoldAfterEveryStep"
                + " -Dsurefire.failIfNoSpecifiedTests=false -Dsimulation.trace=true -Dsimulation.seeds=" + seed + "-"
                + seed;
    }

    @Override
    public void trace(String what) {
        world.trace(what);
    }

    @Override
    public SimulatedRoles roles() {
        return roles;
    }

    @Override
    public boolean isCancelInFlight(int pid) {
        return cancelsInFlight.getOrDefault(pid, 0) > 0;
    }

    @Override
    public boolean serverCrashes() {
        boolean crashesNow = crashes && random().nextInt(2_000) == 0;
        serversChange |= crashesNow;
        return crashesNow;
    }

    @Override
    public void learnKey(int pid, byte[] secret) {
        keys.put(pid, secret);
    }

    @Override
    public boolean mayBeCutOff(String client) {
        return crashes || primaryDiedAtMs >= 0 || cutOff.contains(client);
    }

    @Override
    public boolean endsSessions() {
        boolean givesWay = config.limits().clientConnections() < CLIENTS;
        return serversChange || isStopping || givesWay;
    }

    @Override
    public boolean holdsSessions() {
        return holds;
    }

    /** The same for each run of a seed, after the same number of steps. */
    long fingerprint() {
        return 31L * world.steps() + random().nextLong();
    }

    int promotions() {
        return promotions;
    }

    /** The promotions that an operator requested. */
    int switchovers() {
        return switchovers;
    }
}
