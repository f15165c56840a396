package dev.pgproxy.adminworker.sql;

import dev.pgproxy.adminworker.snapshot.Snapshot;
import dev.pgproxy.common.log.Event;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs statements on a few threads, each over a database of its own, so that one operator's long query keeps few others waiting. The first
 * database is created for the first statement. Callbacks run on those threads.
 */
public final class Engines implements AutoCloseable {

    /** Statements at once. */
    private static final int THREADS = 3;

    /** Statements that wait; no session has more than one. */
    private static final int MAX_WAITING = 1_000;

    /** The engine goes down one level of its stack for each level of an expression. */
    private static final long STACK_BYTES = 64L * 1024 * 1024;

    /** A thread without work for this long ends. */
    private static final long IDLE_SECONDS = 10;

    /** Receives the outcome of a statement. */
    public interface Outcome<T> {
        void succeeded(T value);

        void failed(SqlProblem problem);
    }

    private interface Work<T> {
        T run(Engine engine) throws SqlProblem;
    }

    private final ThreadPoolExecutor executor;
    private final ConcurrentLinkedDeque<Engine> free = new ConcurrentLinkedDeque<>();

    public Engines() {
        executor = new ThreadPoolExecutor(
                THREADS, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new ArrayBlockingQueue<>(MAX_WAITING), task -> {
                    Thread thread = new Thread(null, task, "sql", STACK_BYTES);
                    thread.setDaemon(true);
                    return thread;
                });
        executor.allowCoreThreadTimeOut(true);
    }

    /** Describes a query without running it. */
    public void describe(Plan.Query query, Running running, Outcome<Description> outcome) {
        submit(engine -> engine.describe(query), running, outcome);
    }

    /**
     * Runs a query.
     *
     * @param formats whether each column is wanted in binary; one for all, or none for text
     */
    public void run(
            Plan.Query query,
            List<@Nullable Object> parameters,
            List<Boolean> formats,
            Snapshot snapshot,
            Running running,
            Outcome<QueryResult> outcome) {
        submit(engine -> engine.run(query, parameters, formats, snapshot, running), running, outcome);
    }

    /** Runs a query whose first three columns are numbers, and reports these one after the other; 0 for null. */
    public void keys(
            Plan.Query query,
            List<@Nullable Object> parameters,
            Snapshot snapshot,
            Running running,
            Outcome<List<Long>> outcome) {
        submit(engine -> engine.keys(query, parameters, snapshot, running), running, outcome);
    }

    private <T> void submit(Work<T> work, Running running, Outcome<T> outcome) {
        try {
            executor.execute(() -> perform(work, running, outcome));
        } catch (RejectedExecutionException e) {
            outcome.failed(new SqlProblem(
                    SqlStates.PROGRAM_LIMIT_EXCEEDED, "too many statements wait already", "Try again later."));
        }
    }

    private <T> void perform(Work<T> work, Running running, Outcome<T> outcome) {
        Consumer<Outcome<T>> report;
        running.begun();
        try {
            @Nullable SqlProblem cancelled = running.reason();
            if (cancelled != null) {
                throw cancelled;
            }
            T value = perform(work);
            report = to -> to.succeeded(value);
        } catch (SqlProblem e) {
            report = to -> to.failed(e);
        } catch (SQLException e) {
            report = to -> to.failed(new SqlProblem(
                    SqlStates.INTERNAL_ERROR, "the database in memory cannot be used: " + e.getMessage(), ""));
        } catch (OutOfMemoryError e) {
            // One value was too large to create. Other statements have bounds; the database of this one is dropped.
            report = to -> to.failed(new SqlProblem(
                    SqlStates.OUT_OF_MEMORY,
                    "the statement needs more memory than pg_proxy has for it",
                    "Use shorter texts, a narrower WHERE, or fewer columns."));
        } catch (StackOverflowError e) {
            report = to -> to.failed(new SqlProblem(
                    SqlStates.STATEMENT_TOO_COMPLEX, "the statement is too complex", "Write a simpler one."));
        } catch (RuntimeException e) {
            Event.of("sql_failed")
                    .message("a statement of pg_proxy failed unexpectedly")
                    .error(e);
            report = to ->
                    to.failed(new SqlProblem(SqlStates.INTERNAL_ERROR, "the statement failed: " + e.getMessage(), ""));
        }
        running.over();
        report.accept(outcome);
    }

    private <T> T perform(Work<T> work) throws SqlProblem, SQLException {
        @Nullable Engine engine = free.pollFirst();
        if (engine == null) {
            engine = new Engine();
        }
        boolean sound = false;
        try {
            T value = work.run(engine);
            sound = true;
            return value;
        } catch (SqlProblem e) {
            sound = !engine.isBroken();
            throw e;
        } finally {
            if (sound) {
                free.addFirst(engine);
            } else {
                engine.close(); // Its state is unknown.
            }
        }
    }

    /** Gives up the rows that the databases hold; they are loaded again on demand. */
    public void unload() {
        for (@Nullable Engine engine = free.pollFirst(); engine != null; engine = free.pollFirst()) {
            engine.close();
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
        unload();
    }
}
