package dev.pgproxy.adminworker;

import dev.pgproxy.adminworker.session.Asker;
import dev.pgproxy.adminworker.sql.Running;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlStates;
import dev.pgproxy.common.loop.EventLoop;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Makes sure that statements stop when told to, and tells one to stop when memory runs low. */
final class StatementWatch {

    /** How often a statement is told again to stop. */
    private static final long CANCEL_PERIOD_MS = 100;

    /** The engine cannot stop a statement that still runs this long after it was told to stop. */
    private static final long STOP_GRACE_NS = TimeUnit.SECONDS.toNanos(5);

    /** How long a statement that was told to stop has to free its memory before the next one is told. */
    private static final long NEXT_VICTIM_NS = TimeUnit.SECONDS.toNanos(1);

    /** How often memory is checked while a statement runs. */
    private static final long HEAP_PERIOD_MS = 20;

    private final EventLoop loop;
    private final BooleanSupplier isTight;
    private final Consumer<Asker> ranAway;

    /** In order of arrival. */
    private final Set<Running> running = new LinkedHashSet<>();

    /** When each was told to stop. A statement may hold memory until it has stopped. */
    private final Map<Running, Long> stopping = new LinkedHashMap<>();

    private boolean heapWatched;

    /**
     * Watches nothing yet.
     *
     * @param isTight whether there is little memory left
     * @param ranAway called for a statement that cannot be stopped
     */
    StatementWatch(EventLoop loop, BooleanSupplier isTight, Consumer<Asker> ranAway) {
        this.loop = loop;
        this.isTight = isTight;
        this.ranAway = ranAway;
    }

    /** Whether no statement is under way. */
    boolean isIdle() {
        return running.isEmpty();
    }

    void begins(Running statement) {
        running.add(statement);
        if (!heapWatched) {
            heapWatched = true;
            loop.scheduler().afterMs(HEAP_PERIOD_MS, this::watchHeap);
        }
    }

    /** The statement's client has its answer. */
    void ends(Running statement) {
        running.remove(statement);
    }

    /** The statement was told to stop. It is told again until it stops or has run away. */
    void stop(Running statement, Asker asker) {
        long sinceNs = loop.clock().nanoTime();
        stopping.putIfAbsent(statement, sinceNs);
        watchStop(statement, asker, sinceNs);
    }

    private void watchStop(Running statement, Asker asker, long sinceNs) {
        loop.scheduler().afterMs(CANCEL_PERIOD_MS, () -> {
            if (!statement.isBegun() || statement.isOver()) {
                stopping.remove(statement);
            } else if (loop.clock().nanoTime() - sinceNs < STOP_GRACE_NS) {
                statement.tellAgain();
                watchStop(statement, asker, sinceNs);
            } else {
                ranAway.accept(asker);
            }
        });
    }

    private void watchHeap() {
        heapWatched = !running.isEmpty();
        if (!heapWatched) {
            return;
        }
        stopping.keySet().removeIf(Running::isOver);
        if (isTight.getAsBoolean()) {
            makeRoom();
        }
        loop.scheduler().afterMs(HEAP_PERIOD_MS, this::watchHeap);
    }

    /** Large statements take long, so the one that has run longest must stop. One at a time: once it has, the others may continue. */
    private void makeRoom() {
        long nowNs = loop.clock().nanoTime();
        stopping.keySet().forEach(Running::tellAgain);
        boolean isOnItsWay = stopping.values().stream().anyMatch(sinceNs -> nowNs - sinceNs < NEXT_VICTIM_NS);
        if (isOnItsWay) {
            return;
        }
        running.stream()
                .filter(statement -> statement.isBegun() && !statement.isOver() && statement.reason() == null)
                .findFirst()
                .ifPresent(statement -> {
                    stopping.put(statement, nowNs);
                    statement.cancel(new SqlProblem(
                            SqlStates.OUT_OF_MEMORY,
                            "the statement needs more memory than pg_proxy has for it",
                            "Use a narrower WHERE, or fewer columns."));
                });
    }
}
