package dev.pgproxy.master.failover;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.ProbeKind;
import dev.pgproxy.master.probe.ProbeDesk;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** When each server is probed next, and which probes a caller waits for. */
final class ProbePlan {

    private final EventLoop loop;
    private final ProbeDesk probes;
    private final Predicate<Endpoint> isOurs;

    /** Servers that the task-worker was asked to probe, and may keep a connection to. */
    private final Set<Endpoint> watched = new HashSet<>();

    private final Map<Endpoint, Scheduler.Timer> planned = new HashMap<>();
    private final Map<Endpoint, Long> begunNs = new HashMap<>();
    private final Set<Endpoint> awaited = new HashSet<>();
    private long timeoutMs;

    /**
     * An empty plan.
     *
     * @param isOurs whether a server still has to be probed when its probe is due
     * @param timeoutMs bound on a probe
     */
    ProbePlan(EventLoop loop, ProbeDesk probes, Predicate<Endpoint> isOurs, long timeoutMs) {
        this.loop = loop;
        this.probes = probes;
        this.isOurs = isOurs;
        this.timeoutMs = timeoutMs;
    }

    /** Applies new settings: drops the kept connections and probes over new ones. */
    void restart(long newTimeoutMs) {
        timeoutMs = newTimeoutMs;
        List<Endpoint> known = List.copyOf(watched);
        known.forEach(this::forget);
        known.forEach(server -> probe(server, true, 0));
    }

    /** Has the server flush all that it has committed. */
    void flush(Endpoint server) {
        probes.probe(server, ProbeKind.FLUSH, timeoutMs);
    }

    /**
     * Probes the server; replaces its planned probe.
     *
     * @param fresh over a new connection
     * @param afterMs counted from the start of the previous probe
     */
    void probe(Endpoint server, boolean fresh, long afterMs) {
        Scheduler.Timer before = planned.remove(server);
        if (before != null) {
            before.cancel();
        }
        long nowNs = loop.clock().nanoTime();
        long sinceMs = TimeUnit.NANOSECONDS.toMillis(nowNs - begunNs.getOrDefault(server, nowNs));
        long leftMs = afterMs - sinceMs;
        if (leftMs > 0) {
            planned.put(server, loop.scheduler().afterMs(leftMs, () -> begin(server, fresh)));
        } else {
            begin(server, fresh);
        }
    }

    private void begin(Endpoint server, boolean fresh) {
        planned.remove(server);
        if (!isOurs.test(server)) {
            return;
        }
        begunNs.put(server, loop.clock().nanoTime());
        watched.add(server);
        probes.probe(server, fresh ? ProbeKind.FRESH : ProbeKind.KEPT, timeoutMs);
    }

    /** Probes the server now for a caller that waits for it, unless such a probe is under way. */
    void probeForSomebody(Endpoint server) {
        if (awaited.add(server)) {
            probe(server, false, 0);
        }
    }

    /** Whether a caller waits for a probe. */
    boolean isAwaited() {
        return !awaited.isEmpty();
    }

    /** @return whether this was the last probe that a caller waited for */
    boolean probed(Endpoint server) {
        return awaited.remove(server) && awaited.isEmpty();
    }

    boolean isWatched(Endpoint server) {
        return watched.contains(server);
    }

    /** Forgets all servers except these. */
    void retainAll(Set<Endpoint> servers) {
        List.copyOf(watched).stream()
                .filter(server -> !servers.contains(server))
                .forEach(this::forget);
    }

    private void forget(Endpoint server) {
        if (watched.remove(server)) {
            probes.forget(server);
        }
        Scheduler.Timer timer = planned.remove(server);
        if (timer != null) {
            timer.cancel();
        }
        begunNs.remove(server);
        awaited.remove(server);
    }
}
