package dev.pgproxy.adminworker.sql;

import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;

/** One run of a statement, which another thread may cancel. Thread-safe. */
public final class Running {

    private @Nullable Statement statement;
    private @Nullable SqlProblem reason;
    private boolean begun;
    private boolean over;

    /** @throws SqlProblem when it was cancelled before it began */
    synchronized void started(Statement running) throws SqlProblem {
        if (reason != null) {
            throw reason;
        }
        statement = running;
    }

    /** Whether the engine is working on it. */
    synchronized boolean isRunning() {
        return statement != null;
    }

    synchronized void ended() {
        statement = null;
    }

    /** Why it was cancelled; null when it was not. */
    public synchronized @Nullable SqlProblem reason() {
        return reason;
    }

    /** Whether its thread is done with it. */
    public synchronized boolean isOver() {
        return over;
    }

    /** Whether a thread is or was working on it. */
    public synchronized boolean isBegun() {
        return begun;
    }

    /** A thread has begun to work on it. */
    public synchronized void begun() {
        begun = true;
    }

    /** Its thread is done with it. */
    public synchronized void over() {
        over = true;
    }

    /** Cancels it, now or as soon as it begins. The first reason counts. */
    public synchronized void cancel(SqlProblem why) {
        if (reason != null) {
            return;
        }
        reason = why;
        tellAgain();
    }

    /** Tells the engine to stop, again: it ignores a cancel that arrives just before it begins. */
    public synchronized void tellAgain() {
        if (statement != null) {
            try {
                statement.cancel();
            } catch (SQLException e) {
                // It has just ended, or the engine is broken, in which case it fails anyway.
                return;
            }
        }
    }
}
