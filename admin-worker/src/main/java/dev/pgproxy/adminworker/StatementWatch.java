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

/** Sees to it that statements which were told to stop do, and tells one to when there is little memory left. */
final class StatementWatch {

    /** How often a statement is told again to stop. */
    private static final long CANCEL_PERIOD_MS = 100;

    /** A statement that does not stop so long after it was told to is one that the engine cannot stop. */
    private static final long STOP_GRACE_NS = TimeUnit.SECONDS.toNanos(5);

    /** So long is the memory expected to be given back by a statement that was told to stop, before the next one is told. */
    private static final long NEXT_VICTIM_NS = TimeUnit.SECONDS.toNanos(1);

    /** How often memory is looked at while a statement runs. */
    private static final long HEAP_PERIOD_MS = 20;

    private final EventLoop loop;
    private final BooleanSupplier isTight;
    private final Consumer<Asker> ranAway;

    /** In the order in which they came. */
    private final Set<Running> running = new LinkedHashSet<>();

    /** Since when they are to stop. They may hold memory for as long as they have not. */
    private final Map<Running, Long> stopping = new LinkedHashMap<>();

    private boolean heapWatched;

    /**
     * Watches nothing yet.
     *
     * @param isTight whether there is little memory left
     * @param ranAway is told of a statement that cannot be stopped
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

    /** Its client has its answer. */
    void ends(Running statement) {
        running.remove(statement);
    }

    /** It was told to stop, and is told again until it does, or has run away. */
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

    /** Large statements take long, so the one that has run for longest is to stop. One at a time: when it has, the others may go on. */
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
