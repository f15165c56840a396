package dev.pgproxy.simulation;

import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import dev.pgproxy.testkit.simulation.SimulatedWorld;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** Time, chance and all events, one small step at a time; the seed decides which comes next. */
final class ClusterWorld implements Clock {

    private static final int LONGEST_PAUSE_MS = 3;
    private static final int LONGEST_LEAP_MS = 400;

    private final Random random;
    private final boolean traced = Boolean.getBoolean("simulation.trace");
    private final List<SimulatedWorld.Actor> actors = new ArrayList<>();
    private final List<SimulatedProcess> processes = new ArrayList<>();
    private final List<SimulatedTransport> connections = new ArrayList<>();
    private final long startNs;
    private long nowNs;
    private int steps;

    ClusterWorld(long seed) {
        random = new Random(seed);
        nowNs = random.nextLong(); // No code may assume that time begins at zero.
        startNs = nowNs;
    }

    Random random() {
        return random;
    }

    int steps() {
        return steps;
    }

    @Override
    public long nanoTime() {
        return nowNs;
    }

    long elapsedMs() {
        return TimeUnit.NANOSECONDS.toMillis(nowNs - startNs);
    }

    /** Prints what happens, if tracing is on. */
    void trace(String what) {
        if (traced) {
            System.out.println(steps + " " + elapsedMs() + " ms: " + what);
        }
    }

    void add(SimulatedWorld.Actor actor) {
        actors.add(actor);
    }

    /** Runs this in one of the next steps. */
    void later(Runnable what) {
        add(() -> {
            if (random.nextInt(3) > 0) {
                return true;
            }
            what.run();
            return false;
        });
    }

    SimulatedProcess newProcess() {
        SimulatedProcess process = new SimulatedProcess(random, this);
        processes.add(process);
        return process;
    }

    /** A connection whose near end is in this process. */
    SimulatedTransport connect(SimulatedProcess process) {
        SimulatedTransport transport = process.connect();
        connections.add(transport);
        return transport;
    }

    /** Connections of which a process of the proxy has a descriptor. */
    long openConnections() {
        connections.removeIf(SimulatedTransport::isConnectionClosed);
        return connections.size();
    }

    boolean actorsAreDone() {
        return actors.isEmpty();
    }

    void step() {
        steps++;
        processes.removeIf(process -> !process.isAlive());
        int choice = random.nextInt(20);
        if (choice < 12 && !processes.isEmpty()) {
            processes.get(random.nextInt(processes.size())).tick();
        } else if (choice < 19 && !actors.isEmpty()) {
            int index = random.nextInt(actors.size());
            SimulatedWorld.Actor actor = actors.get(index);
            if (!actor.act()) {
                actors.remove(actor);
            }
        } else {
            pass();
        }
    }

    /** Time leaps only when nothing waits to be served, so that no process misses a deadline just by being slow. */
    private void pass() {
        boolean isQuiet = processes.stream().noneMatch(SimulatedProcess::hasWork);
        boolean leaps = isQuiet && random.nextInt(3) == 0;
        nowNs += TimeUnit.MILLISECONDS.toNanos(1 + random.nextInt(leaps ? LONGEST_LEAP_MS : LONGEST_PAUSE_MS));
    }
}
