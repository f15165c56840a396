package dev.pgproxy.testkit.simulation;

import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Poller;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A process with a loop of its own, in a world of several. A turn of its loop serves at most one ready connection or link. Time is
 * driven from outside, and passes for all processes alike. A killed process does nothing more, and everything that it held is closed.
 */
public final class SimulatedProcess implements Poller {

    private final Random random;
    private final EventLoop loop;
    private final List<SimulatedTransport> transports = new ArrayList<>();
    private final List<SimulatedLink.End> links = new ArrayList<>();
    private boolean alive = true;

    public SimulatedProcess(Random random, Clock clock) {
        this.random = random;
        this.loop = new EventLoop(this, clock);
    }

    public EventLoop loop() {
        return loop;
    }

    public boolean isAlive() {
        return alive;
    }

    /** The near end of a new connection, inside this process. */
    public SimulatedTransport connect() {
        return adopt(new SimulatedTransport(random));
    }

    /** Takes over a connection that has arrived here, and polls it as well. */
    public SimulatedTransport adopt(SimulatedTransport transport) {
        transport.owner(this);
        transports.add(transport);
        return transport;
    }

    void adopt(SimulatedLink.End link) {
        links.add(link);
    }

    /** One turn. */
    public void tick() {
        loop.tick();
    }

    /** Whether something is ready that the next turns will serve. */
    public boolean hasWork() {
        return alive
                && (transports.stream().anyMatch(transport -> transport.isIn(this) && transport.readyBits() != 0)
                        || links.stream().anyMatch(SimulatedLink.End::isReady));
    }

    /** Whether messages that it has sent over a link would be lost if it died. */
    public boolean hasUnsent() {
        return links.stream().anyMatch(SimulatedLink.End::hasUnsent);
    }

    @Override
    public long poll(long timeoutNs) {
        transports.removeIf(transport -> !transport.isIn(this));
        links.removeIf(SimulatedLink.End::isClosed);
        List<Runnable> ready = new ArrayList<>();
        for (SimulatedTransport transport : transports) {
            if (transport.readyBits() != 0) {
                ready.add(transport::dispatch);
            }
        }
        for (SimulatedLink.End link : links) {
            if (link.isReady()) {
                ready.add(link::serve);
            }
        }
        if (!ready.isEmpty()) {
            ready.get(random.nextInt(ready.size())).run();
        }
        return 0;
    }

    @Override
    public void wakeUp() {
        // Every turn ends by itself.
    }

    /** Dies between two turns. What it has written arrives; all else is lost. */
    public void kill() {
        alive = false;
        for (SimulatedTransport transport : transports) {
            if (transport.isIn(this)) {
                transport.close();
            }
        }
        links.forEach(SimulatedLink.End::close);
    }
}
