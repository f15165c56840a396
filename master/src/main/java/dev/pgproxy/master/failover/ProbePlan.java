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
import java.util.function.Predicate;

/** When each server is probed next, and for which probes somebody waits. */
final class ProbePlan {

    private static final long NS_PER_MS = 1_000_000L;

    private final EventLoop loop;
    private final ProbeDesk probes;
    private final Predicate<Endpoint> isOurs;

    /** Those that the task-worker was asked about, and may keep a connection to. */
    private final Set<Endpoint> watched = new HashSet<>();

    private final Map<Endpoint, Scheduler.Timer> planned = new HashMap<>();
    private final Map<Endpoint, Long> begunNs = new HashMap<>();
    private final Set<Endpoint> awaited = new HashSet<>();
    private long timeoutMs;

    /**
     * Nothing is planned.
     *
     * @param isOurs whether a server is still to be probed when its time has come
     * @param timeoutMs bound on a probe
     */
    ProbePlan(EventLoop loop, ProbeDesk probes, Predicate<Endpoint> isOurs, long timeoutMs) {
        this.loop = loop;
        this.probes = probes;
        this.isOurs = isOurs;
        this.timeoutMs = timeoutMs;
    }

    /** Probes with other settings from now on: connections that were kept are opened again. */
    void restart(long newTimeoutMs) {
        timeoutMs = newTimeoutMs;
        List<Endpoint> known = List.copyOf(watched);
        known.forEach(this::forget);
        known.forEach(server -> probe(server, true, 0));
    }

    /** Asks whether the server has flushed all that it was told. */
    void flush(Endpoint server) {
        probes.probe(server, ProbeKind.FLUSH, timeoutMs);
    }

    /**
     * Probes the server, in the place of what was planned for it.
     *
     * @param fresh over a new connection
     * @param afterMs counted from the beginning of the last probe
     */
    void probe(Endpoint server, boolean fresh, long afterMs) {
        Scheduler.Timer before = planned.remove(server);
        if (before != null) {
            before.cancel();
        }
        long nowNs = loop.clock().nanoTime();
        long sinceMs = (nowNs - begunNs.getOrDefault(server, nowNs)) / NS_PER_MS;
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

    /** Probes the server now for somebody who waits for it, unless that is under way. */
    void probeForSomebody(Endpoint server) {
        if (awaited.add(server)) {
            probe(server, false, 0);
        }
    }

    /** Whether somebody waits for a probe. */
    boolean isAwaited() {
        return !awaited.isEmpty();
    }

    /** @return whether this was the last probe that somebody waited for */
    boolean probed(Endpoint server) {
        return awaited.remove(server) && awaited.isEmpty();
    }

    boolean isWatched(Endpoint server) {
        return watched.contains(server);
    }

    /** Forgets those that are none of these. */
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
