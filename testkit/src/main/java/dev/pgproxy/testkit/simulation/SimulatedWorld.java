package dev.pgproxy.testkit.simulation;

import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.loop.Poller;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Time, chance and everything outside the process under test. Each poll of its event loop is one step: a ready
 * transport is served, an actor at the far end of a connection acts, or time passes. The seed decides which. One
 * seed is one schedule, so a failure can be reproduced.
 */
public final class SimulatedWorld implements Clock, Poller {

    private static final int LONGEST_PAUSE_MS = 20;

    /** An actor outside the process under test. */
    public interface Actor {
        /** Does one small thing, or nothing. Returns whether this actor can still do anything, now or later. */
        boolean act();
    }

    private final Random random;
    private final List<SimulatedTransport> transports = new ArrayList<>();
    private final List<Actor> actors = new ArrayList<>();
    private long nowNs;
    private int steps;

    public SimulatedWorld(long seed) {
        random = new Random(seed);
        nowNs = random.nextLong(); // No code may assume that time begins at zero.
    }

    public Random random() {
        return random;
    }

    public void add(Actor actor) {
        actors.add(actor);
    }

    /** The end of a new connection inside the process. */
    public SimulatedTransport connect() {
        SimulatedTransport transport = new SimulatedTransport(random);
        transports.add(transport);
        return transport;
    }

    /** Steps so far. */
    public int steps() {
        return steps;
    }

    /** Ends inside the process that are not closed. */
    public int openTransports() {
        transports.removeIf(SimulatedTransport::isClosed);
        return transports.size();
    }

    /** Whether no actor has anything left to do. */
    public boolean actorsAreDone() {
        return actors.isEmpty();
    }

    @Override
    public long nanoTime() {
        return nowNs;
    }

    @Override
    public long poll(long timeoutNs) {
        steps++;
        transports.removeIf(SimulatedTransport::isClosed);
        List<SimulatedTransport> ready = transports.stream()
                .filter(transport -> transport.readyBits() != 0)
                .toList();
        int choice = random.nextInt(10);
        if (choice < 5 && !ready.isEmpty()) {
            ready.get(random.nextInt(ready.size())).dispatch();
        } else if (choice < 9 && !actors.isEmpty()) {
            Actor actor = actors.get(random.nextInt(actors.size()));
            if (!actor.act()) {
                actors.remove(actor);
            }
        } else {
            pass(timeoutNs, ready.isEmpty());
        }
        transports.removeIf(SimulatedTransport::isClosed);
        return 0;
    }

    /** Time may leap to the next timer only when nothing waits for the process: it is never so slow as to miss its own deadlines. */
    private void pass(long timeoutNs, boolean nothingIsReady) {
        long pauseNs = TimeUnit.MILLISECONDS.toNanos(1 + random.nextInt(LONGEST_PAUSE_MS));
        boolean jump = nothingIsReady && timeoutNs >= 0 && random.nextInt(4) == 0;
        nowNs += jump ? Math.min(timeoutNs, 100 * pauseNs) : pauseNs;
    }

    @Override
    public void wakeUp() {
        // Every poll ends after one step anyway.
    }
}
