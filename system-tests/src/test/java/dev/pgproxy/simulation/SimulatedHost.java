package dev.pgproxy.simulation;

import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.master.Host;
import dev.pgproxy.master.accept.PendingStartups;
import dev.pgproxy.master.failover.Background;
import dev.pgproxy.master.failover.FailoverState;
import dev.pgproxy.master.failover.StateStore;
import dev.pgproxy.master.routing.OwnUser;
import dev.pgproxy.master.supervisor.Processes;
import dev.pgproxy.testkit.simulation.SimulatedLink;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The host of the master: its process, its children's processes, its disk. */
final class SimulatedHost implements Host, Processes, StateStore, Background {

    private static final int MASTER_PID = 1;

    private final ClusterSimulation simulation;
    private final ClusterWorld world;
    private final Protocol protocol;
    private final SimulatedProcess master;
    private final int generation;
    private final List<Child> children = new ArrayList<>();
    private Consumer<Arrival> arrivals = arrival -> {};
    private @Nullable PendingStartups startups;
    private boolean isListening;
    private boolean isClosed;
    private long nextPid = 100;

    /** @param generation of the master */
    SimulatedHost(
            ClusterSimulation simulation,
            ClusterWorld world,
            Protocol protocol,
            SimulatedProcess master,
            int generation) {
        this.generation = generation;
        this.simulation = simulation;
        this.world = world;
        this.protocol = protocol;
        this.master = master;
    }

    /** A process that was started, and its node once it runs. */
    final class Child implements Running {
        private final ChildKind kind;
        private final int slot;
        private final long pid;
        private final Runnable whenExited;
        private @Nullable Node node;
        private boolean exited;

        private Child(ChildKind kind, int slot, long pid, Runnable whenExited) {
            this.kind = kind;
            this.slot = slot;
            this.pid = pid;
            this.whenExited = whenExited;
        }

        @Nullable
        Node node() {
            return node;
        }

        ChildKind kind() {
            return kind;
        }

        private void run() {
            if (exited || !master.isAlive()) {
                return;
            }
            SimulatedProcess process = world.newProcess();
            SimulatedLink link = new SimulatedLink(world.random(), protocol, new SimulatedLink.Watcher() {
                @Override
                public void said(ControlMessage message) {
                    if (node != null) {
                        node.said(message);
                    }
                }

                @Override
                public void underWay(ControlMessage message) {
                    world.trace(kind + "-" + slot + " " + message);
                    if (node != null) {
                        node.underWay(message);
                    }
                }
            });
            List<SimulatedLink.End> ends = link.connect(process, pid, master, MASTER_PID);
            SimulatedLink.End own = ends.get(0);
            Node started = switch (kind) {
                case POOL -> new PoolNode(simulation, process, own, pid, generation);
                case TASK -> new TaskNode(simulation, process, own);
                case ADMIN -> new AdminNode(process, own);
            };
            node = started;
            own.listener(started.conversation());
            started.conversation().begin(own, protocol, slot, pid);
            arrivals.accept(listener -> {
                ends.get(1).listener(listener);
                return ends.get(1);
            });
            world.trace(kind + "-" + slot + " starts");
        }

        /** Whether it has sent messages that its socket has not taken yet. */
        boolean isUnheard() {
            return node != null && !exited && node.process().hasUnsent();
        }

        /** Exits if its loop was stopped. */
        void exitIfDone() {
            if (node != null && !exited && node.process().loop().isStopped()) {
                kill();
            }
        }

        @Override
        public long pid() {
            return pid;
        }

        @Override
        public int exitStatus() {
            return 137;
        }

        @Override
        public void terminate() {
            kill();
        }

        @Override
        public void kill() {
            if (exited) {
                return;
            }
            exited = true;
            world.trace(kind + "-" + slot + " ends");
            if (node != null) {
                node.died();
                node.process().kill();
            }
            world.later(() -> {
                try {
                    master.loop().post(whenExited);
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
        }
    }

    /** The master dies: nothing more is started, and children that run continue without it. */
    void masterDied() {
        isListening = false;
        children.removeIf(child -> child.node == null);
    }

    /** Children that were started and have not ended. */
    List<Child> children() {
        children.removeIf(child -> child.exited);
        return children;
    }

    /** A client connects, and the caller controls its far end; null when nothing listens. */
    @Nullable
    SimulatedTransport connect(Peer peer) {
        PendingStartups taker = startups;
        if (!isListening || taker == null) {
            return null;
        }
        SimulatedTransport near = world.connect(master);
        taker.begin(near, peer);
        return near;
    }

    @Override
    public Running start(ChildKind kind, int slot, ProxyConfig config, Runnable whenExited) throws IOException {
        if (world.random().nextInt(20) == 0) {
            throw new IOException("no process can be started (simulated)");
        }
        Child child = new Child(kind, slot, nextPid++, whenExited);
        children.add(child);
        world.later(child::run);
        return child;
    }

    @Override
    public void listen(ProxyConfig config, Consumer<Arrival> consumer) {
        arrivals = consumer;
    }

    @Override
    public void close() {
        isClosed = true;
    }

    @Override
    public int pid() {
        return MASTER_PID;
    }

    @Override
    public OwnUser user() {
        return new OwnUser("pgproxy", 1);
    }

    @Override
    public InstantSource wallClock() {
        return InstantSource.fixed(Instant.EPOCH);
    }

    @Override
    public Processes processes() {
        return this;
    }

    @Override
    public StateStore stateStore() {
        return this;
    }

    @Override
    public Background background() {
        return this;
    }

    @Override
    public ClientConnection connection(Descriptor descriptor) {
        return master.adopt(((SimulatedTransport.Passed) descriptor).arrive());
    }

    @Override
    public void listen(ProxyConfig config, PendingStartups newStartups) {
        startups = newStartups;
        isListening = true;
    }

    @Override
    public void configure(ProxyConfig config) {}

    @Override
    public void stopListening() {
        isListening = false;
    }

    @Override
    public void serving() {}

    @Override
    public boolean run(Runnable task) {
        world.later(() -> {
            if (!isClosed && master.isAlive()) {
                task.run();
            }
        });
        return true;
    }

    @Override
    public void write(FailoverState state) throws IOException {
        if (world.random().nextInt(10) == 0) {
            throw new IOException("no space left (simulated)");
        }
        simulation.keep(state);
    }
}
