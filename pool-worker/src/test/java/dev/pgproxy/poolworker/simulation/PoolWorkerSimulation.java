package dev.pgproxy.poolworker.simulation;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.ipc.SettingsMessages;
import dev.pgproxy.common.ipc.SwitchoverMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.MasterLink;
import dev.pgproxy.poolworker.PoolWorker;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendState;
import dev.pgproxy.poolworker.backend.Connector;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.testkit.simulation.SimulatedClient;
import dev.pgproxy.testkit.simulation.SimulatedRoles;
import dev.pgproxy.testkit.simulation.SimulatedServer;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import dev.pgproxy.testkit.simulation.SimulatedWorld;
import dev.pgproxy.testkit.simulation.SimulationRun;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One run: a worker, its clients, its server and its master, under the schedule of one seed. */
final class PoolWorkerSimulation implements SimulationRun {

    private static final int CLIENTS = 25;
    private static final int MAX_STEPS = 200_000;
    private static final Endpoint SERVER = new Endpoint.Tcp("server", 5432);
    private static final Endpoint SUCCESSOR = new Endpoint.Tcp("successor", 5432);
    private static final PoolSettings SETTINGS = new PoolSettings(
            1024,
            2_000,
            20_000,
            500,
            1_000,
            5_000,
            2_000,
            List.of("application_name"),
            true,
            false,
            false,
            new SocketTuning(true, 60, 10, 6, 0));
    private static final int LOGIN_MS = 2_000;

    private final long seed;
    private final SimulatedWorld world;
    private final EventLoop loop;
    private final PoolWorker worker;
    private final Set<Long> accepted = new HashSet<>();
    private final Set<Long> sessionsReported = new HashSet<>();
    private final Set<Long> backendsReported = new HashSet<>();
    private final Map<Long, SimulatedClient> clients = new HashMap<>();
    private final Map<Long, Resumption> resumptions = new HashMap<>();
    private final Map<Integer, byte[]> keys = new HashMap<>();
    private final Map<Integer, Integer> cancelsInFlight = new HashMap<>();
    private final List<Runnable> unwritten = new ArrayList<>();
    private final SimulatedRoles roles;
    private int serverPids = 100;
    private long nextClient = 1;
    private long nextCancel = 1;
    private final boolean crashing;
    private boolean serverCrashed;
    private boolean stopping;
    private boolean masterLost;
    private boolean serverLeft;
    private long returned;
    private long parked;
    private long moved;
    private long holds;
    private long heldRequest;
    private final LingeringClose refusals;

    PoolWorkerSimulation(long seed) {
        this.seed = seed;
        this.world = new SimulatedWorld(seed);
        this.crashing = world.random().nextBoolean();
        this.roles = new SimulatedRoles(world.random());
        this.loop = new EventLoop(world, world);
        this.refusals = new LingeringClose(loop.scheduler());
        this.worker = new PoolWorker(
                loop,
                descriptor -> ((SimulatedTransport.Passed) descriptor).arrive(),
                new SimulatedConnector(),
                new SimulatedMaster(),
                bytes -> {
                    byte[] secret = new byte[bytes];
                    world.random().nextBytes(secret);
                    return secret;
                },
                this::compute,
                1);
        worker.onConfigurePool(new SettingsMessages.ConfigurePool(SETTINGS));
        world.add(new Arrivals());
    }

    private boolean compute(String role, String address, BooleanSupplier work, Consumer<Boolean> then) {
        if (world.random().nextInt(10) == 0) {
            return false;
        }
        world.add(() -> {
            then.accept(work.getAsBoolean());
            return false;
        });
        return true;
    }

    @Override
    public void trace(String what) {
        if (Boolean.getBoolean("simulation.trace")) {
            System.out.println(world.steps() + ": " + what);
        }
    }

    @Override
    public SimulatedRoles roles() {
        return roles;
    }

    @Override
    public Random random() {
        return world.random();
    }

    /** How many sessions continued on another backend. */
    long moved() {
        return moved;
    }

    /** Runs until all clients have left, or the worker is dead, checking after every step. */
    void run() {
        int deathStep = world.random().nextInt(4) == 0 ? world.random().nextInt(5_000) : Integer.MAX_VALUE;
        int stopStep = world.random().nextInt(4) == 0 ? world.random().nextInt(5_000) : Integer.MAX_VALUE;
        int lossStep = world.random().nextInt(4) == 0 ? world.random().nextInt(5_000) : Integer.MAX_VALUE;
        while (!isOver()) {
            if (world.steps() >= lossStep && !masterLost) {
                masterLost = true;
                serverLeft |= holds > 0; // Held sessions end with the master.
                worker.masterLost("simulated");
            }
            check(world.steps() < MAX_STEPS, "it does not come to an end");
            if (world.steps() >= deathStep) {
                checkDeath();
                return;
            }
            if (world.steps() >= stopStep && !stopping) {
                stopping = true;
                worker.shutDown(500);
            }
            step();
        }
        check(world.openTransports() == 0, "connections are open at the end: " + world.openTransports());
        check(sessionsReported.isEmpty(), "sessions that the master never heard the end of: " + sessionsReported);
        check(backendsReported.isEmpty(), "backends that the master never heard the end of: " + backendsReported);
    }

    private void step() {
        try {
            loop.tick();
        } catch (RuntimeException e) {
            throw new AssertionError(where() + ": " + e, e);
        }
        checkInvariants();
    }

    private boolean isOver() {
        return world.actorsAreDone()
                && worker.clients().all().isEmpty()
                && world.openTransports() == 0
                && unwritten.isEmpty();
    }

    private void checkInvariants() {
        Set<Backend> inUse = new HashSet<>();
        for (Session session : worker.clients().all()) {
            Backend backend = session.backend();
            check(backend == null || inUse.add(backend), "two clients on one backend");
        }
        long serverConnections = worker.pool().snapshot().stream()
                .filter(backend -> backend.state() != BackendState.CONNECTING)
                .count();
        long ofMaster = returned + parked + refusals.count();
        long owned = serverConnections + worker.clients().all().size() + worker.lingeringCount() + ofMaster;
        check(
                world.openTransports() == owned,
                world.openTransports() + " connections are open and " + owned + " owned");
    }

    /**
     * A worker that dies between two steps may cost clients that were accepted, told of a shutdown, or left without
     * a master. No other client may have been touched.
     */
    private void checkDeath() {
        clients.forEach((id, client) -> check(
                stopping
                        || masterLost
                        || accepted.contains(id)
                        || !client.transport().isTouched(),
                "client " + id + " cannot be routed again"));
    }

    @Override
    public void check(boolean holds, String violation) {
        if (!holds) {
            throw new AssertionError(where() + ": " + violation);
        }
    }

    private String where() {
        return "seed=" + seed + " step=" + world.steps()
                + "; replay: mvn -pl pool-worker -am test -Dtest=PoolWorkerSimulationTest"
                + " -Dsurefire.failIfNoSpecifiedTests=false -Dsimulation.seed=" + seed;
    }

    @Override
    public boolean mayBeCutOff(String client) {
        return serverCrashed;
    }

    @Override
    public boolean endsSessions() {
        return stopping || serverLeft;
    }

    @Override
    public boolean holdsSessions() {
        return holds > 0;
    }

    /** In half of the runs no server ever crashes. */
    @Override
    public boolean serverCrashes() {
        boolean crashes = crashing && world.random().nextInt(400) == 0;
        serverCrashed |= crashes;
        return crashes;
    }

    @Override
    public void learnKey(int pid, byte[] secret) {
        keys.put(pid, secret);
    }

    @Override
    public boolean isCancelInFlight(int pid) {
        return cancelsInFlight.getOrDefault(pid, 0) > 0;
    }

    /** Brings clients one by one, and now and then a cancel or a disturbance. */
    private final class Arrivals implements SimulatedWorld.Actor {
        @Override
        public boolean act() {
            if (stopping || masterLost) {
                return false;
            }
            roles.changeNowAndThen();
            switch (world.random().nextInt(4)) {
                case 0 -> arrive();
                case 1 -> cancelSomething();
                case 2 -> disturb();
                default -> {}
            }
            return nextClient <= CLIENTS;
        }

        private void disturb() {
            if (world.random().nextInt(8) == 0) {
                hold();
            } else if (world.random().nextInt(40) == 0) {
                serverLeft = true;
                worker.switchovers().onLeaveServer(new SwitchoverMessages.LeaveServer(SERVER, SUCCESSOR));
            } else if (world.random().nextInt(20) == 0) {
                worker.backends()
                        .onGiveUpIdle(new BackendMessages.GiveUpIdle(
                                SERVER, "database \"" + anyUser() + "\" is being accessed by other users", false));
            } else {
                worker.backends()
                        .onEvictBackend(
                                new BackendMessages.EvictBackend(world.random().nextInt(20)));
            }
        }

        /** A switchover, which ends when the sessions are at rest unless it is called off before. */
        private void hold() {
            long request = ++holds;
            heldRequest = 0;
            worker.switchovers().onHoldSessions(new SwitchoverMessages.HoldSessions(request, SERVER, true));
            world.add(() -> {
                if (request != holds || masterLost) {
                    return false;
                }
                if (heldRequest == request && world.random().nextInt(3) > 0) {
                    serverLeft = true;
                    worker.switchovers().onLeaveServer(new SwitchoverMessages.LeaveServer(SERVER, SUCCESSOR));
                    return false;
                }
                if (world.random().nextInt(200) == 0) {
                    worker.switchovers().onHoldSessions(new SwitchoverMessages.HoldSessions(0, SERVER, false));
                    return false;
                }
                return true;
            });
        }

        private String anyUser() {
            return SimulatedRoles.USERS.get(world.random().nextInt(SimulatedRoles.USERS.size()));
        }

        private void arrive() {
            long id = nextClient++;
            String user = anyUser();
            String name = "c" + id + "_";
            SimulatedTransport transport = world.connect();
            SimulatedClient client = new SimulatedClient(name, user, transport, PoolWorkerSimulation.this);
            clients.put(id, client);
            assign(id, client, transport, null);
            world.add(client);
        }

        private void cancelSomething() {
            List<Integer> pids = List.copyOf(keys.keySet());
            if (!pids.isEmpty()) {
                int pid = pids.get(world.random().nextInt(pids.size()));
                byte[] secret = keys.get(pid);
                worker.cancels()
                        .onFindCancelTarget(new CancelMessages.FindCancelTarget(
                                nextCancel++, pid, secret == null ? new byte[4] : secret));
            }
        }
    }

    private void assign(
            long id, SimulatedClient client, SimulatedTransport transport, @Nullable Resumption resumption) {
        byte[] packet = FrontendMessage.startup(
                3 << 16,
                List.of(
                        new StartupParameters.Parameter("application_name", client.name()),
                        new StartupParameters.Parameter("user", client.user())));
        sessionsReported.add(id);
        long expected = world.random().nextInt(20);
        worker.onAssignSession(new SessionMessages.AssignSession(
                id,
                SERVER,
                expected,
                resumption == null ? askFirst(client.user()) : AuthenticationMethod.OTHER,
                LOGIN_MS,
                false,
                false,
                new ClientOrigin(new Peer.Tcp("127.0.0.1", 1), 0),
                packet,
                Optional.ofNullable(resumption),
                Optional.empty(),
                transport.release()));
    }

    /** What the master remembers of the server's authentication method, which may be wrong. */
    private AuthenticationMethod askFirst(String user) {
        AuthenticationMethod method = SimulatedRoles.method(user);
        if (method == AuthenticationMethod.TRUST || world.random().nextInt(4) == 0) {
            return AuthenticationMethod.OTHER; // Nothing is known, or nothing would be asked.
        }
        return switch (world.random().nextInt(12)) {
            case 0 -> AuthenticationMethod.MD5;
            case 1 -> AuthenticationMethod.PASSWORD;
            default -> method;
        };
    }

    private final class SimulatedConnector implements Connector {
        @Override
        public Attempt connect(Endpoint server, SocketTuning tuning, Handler handler) {
            boolean[] cancelled = {false};
            int fate = world.random().nextInt(20);
            world.add(() -> {
                if (cancelled[0] || fate == 0) {
                    return !cancelled[0]; // Never answers: the worker's own timeout must end it.
                }
                if (fate == 1) {
                    handler.failed("Connection refused (simulated)");
                } else {
                    SimulatedTransport transport = world.connect();
                    world.add(new SimulatedServer(transport, ++serverPids, PoolWorkerSimulation.this));
                    handler.connected(transport, server);
                }
                return false;
            });
            return () -> cancelled[0] = true;
        }
    }

    private final class SimulatedMaster implements MasterLink {
        /** Whether the client has sent something by now makes no difference to the worker that gets it. */
        private void takeParked(SessionMessages.SessionParked message) {
            SimulatedTransport frontend = ((SimulatedTransport.Passed) message.client()).arrive();
            long id = message.sessionId();
            check(sessionsReported.remove(id), "a session ended twice");
            SimulatedClient client = Objects.requireNonNull(clients.get(id));
            resumptions.put(id, message.resumption());
            parked++;
            world.add(() -> {
                if (world.random().nextInt(3) > 0) {
                    return true;
                }
                parked--;
                if (stopping || masterLost || world.random().nextInt(10) == 0) {
                    refusals.close(frontend, BackendMessage.idleSessionTimeout());
                } else {
                    assign(id, client, client.transport(), message.resumption());
                }
                return false;
            });
        }

        private void takeReturned(SessionMessages.SessionReturned message) {
            SimulatedTransport frontend = ((SimulatedTransport.Passed) message.client()).arrive();
            long id = message.sessionId();
            check(sessionsReported.remove(id), "a session ended twice");
            SimulatedClient client = clients.get(id);
            check(
                    client != null && (client.heardNothing() || resumptions.containsKey(id)),
                    "client " + id + " was returned and knows of a server already");
            accepted.add(id); // Messages arrive in order, so the acceptance was read before.
            returned++;
            world.add(() -> {
                returned--;
                if (client == null || stopping || masterLost || world.random().nextBoolean()) {
                    refusals.close(frontend, message.lastWords());
                } else {
                    assign(id, client, client.transport(), resumptions.get(id));
                }
                return false;
            });
        }

        @Override
        public void sendAtOnce(ControlMessage.ToMaster message) {
            send(message);
        }

        @Override
        public boolean hasRoom() {
            return world.random().nextInt(4) > 0;
        }

        @Override
        public void send(ControlMessage.ToMaster message) {
            if (message instanceof SessionMessages.SessionReturned back) {
                takeReturned(back);
            } else if (message instanceof SessionMessages.SessionParked parkedSession) {
                takeParked(parkedSession);
            } else if (message instanceof SessionMessages.SessionClosed closed) {
                check(sessionsReported.remove(closed.sessionId()), "a session ended twice");
            } else if (message instanceof SessionMessages.SessionOpened opened) {
                moved += resumptions.remove(opened.sessionId()) == null ? 0 : 1;
                backendsReported.add(opened.backendId());
            } else if (message instanceof BackendMessages.BackendGone gone) {
                backendsReported.remove(gone.backendId());
            } else if (message instanceof CancelMessages.CancelTarget target) {
                deliver(target.backendId(), target.pid());
            } else if (message instanceof CancelMessages.CancelQuery query) {
                deliver(query.backendId(), query.pid());
            } else if (message instanceof RoleMessages.FindRole question) {
                answer(question);
            } else if (message instanceof SwitchoverMessages.SessionsHeld held) {
                heldRequest = held.requestId();
            } else if (message instanceof SessionMessages.SessionAccepted another) {
                if (another.backendId() > 0) {
                    backendsReported.add(another.backendId());
                }
            } else if (message instanceof PlaceMessages.PlaceWanted wanted) {
                givePlace(wanted.sessionId());
            }
        }

        private void answer(RoleMessages.FindRole question) {
            world.add(() -> {
                if (masterLost) {
                    return false;
                }
                if (world.random().nextInt(3) > 0) {
                    return true;
                }
                worker.roles()
                        .onRoleFound(new RoleMessages.RoleFound(question.sessionId(), roles.facts(question.user())));
                return false;
            });
        }

        private void givePlace(long id) {
            world.add(() -> {
                if (masterLost) {
                    return false;
                }
                if (world.random().nextInt(3) > 0) {
                    return true;
                }
                if (world.random().nextInt(20) == 0) {
                    worker.places()
                            .onPlaceRefused(new PlaceMessages.PlaceRefused(id, BackendMessage.idleSessionTimeout()));
                } else {
                    worker.places()
                            .onPlaceGiven(new PlaceMessages.PlaceGiven(
                                    id, world.random().nextInt(20), 60_000));
                }
                return false;
            });
        }

        /** The server gets the signal at some point, and the end of the cancel is reported with it. */
        private void deliver(long backendId, int pid) {
            cancelsInFlight.merge(pid, 1, Integer::sum);
            world.add(() -> {
                if (world.random().nextInt(5) > 0) {
                    return true;
                }
                cancelsInFlight.merge(pid, -1, Integer::sum);
                worker.cancels()
                        .onCancelFinished(new CancelMessages.CancelFinished(
                                backendId, world.random().nextInt(4) > 0));
                return false;
            });
        }

        @Override
        public void send(ControlMessage.ToMaster message, Runnable whenWritten) {
            SessionMessages.SessionAccepted acceptance = (SessionMessages.SessionAccepted) message;
            if (acceptance.backendId() > 0) {
                backendsReported.add(acceptance.backendId());
            }
            unwritten.add(whenWritten);
            world.add(() -> {
                if (world.random().nextInt(3) > 0) {
                    return true;
                }
                unwritten.remove(whenWritten);
                accepted.add(acceptance.sessionId());
                whenWritten.run();
                return false;
            });
        }
    }
}
