package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Ends a session whose client is idle for too long: it asks for nothing and is owed no answer. A running query or COPY keeps the
 * session alive, however long it takes; what the server sends unasked does not.
 */
public final class IdleWatch {

    private final EventLoop loop;
    private final long sessionMs;
    private final long transactionMs;
    private final QueryProgress progress;
    private final Consumer<byte[]> end;
    private long activeNs;
    private Scheduler.@Nullable Timer timer;

    /**
     * @param sessionMs bound on idling, inside a transaction or not; 0 for none
     * @param transactionMs bound on idling inside a transaction; 0 for none
     * @param activeNs when the client last did something
     * @param end called with the last words for the client
     */
    IdleWatch(
            EventLoop loop,
            long sessionMs,
            long transactionMs,
            QueryProgress progress,
            long activeNs,
            Consumer<byte[]> end) {
        this.loop = loop;
        this.sessionMs = sessionMs;
        this.transactionMs = transactionMs;
        this.progress = progress;
        this.end = end;
        this.activeNs = activeNs;
        long elapsedMs = TimeUnit.NANOSECONDS.toMillis(loop.clock().nanoTime() - activeNs);
        plan(Math.max(1, shortest(sessionMs, transactionMs) - elapsedMs));
    }

    private static long shortest(long a, long b) {
        return a == 0 || (b != 0 && b < a) ? b : a;
    }

    /** The client did something, or got an answer. */
    void active() {
        activeNs = loop.clock().nanoTime();
    }

    /** When the client last did something. */
    long activeNs() {
        return activeNs;
    }

    void stop() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private void plan(long delayMs) {
        if (delayMs > 0) {
            timer = loop.scheduler().afterMs(delayMs, this::look);
        }
    }

    private void look() {
        long idleMs = TimeUnit.NANOSECONDS.toMillis(loop.clock().nanoTime() - activeNs);
        boolean inTransaction = progress.isInTransaction();
        long boundMs = inTransaction ? shortest(sessionMs, transactionMs) : sessionMs;
        if (!progress.isAtRest() || boundMs == 0) {
            plan(Math.max(1, shortest(sessionMs, transactionMs) / 4));
        } else if (idleMs < boundMs) {
            // A transaction may begin meanwhile, and its own bound must not be exceeded by much.
            plan(transactionMs == 0 ? boundMs - idleMs : Math.min(boundMs - idleMs, Math.max(1, transactionMs / 4)));
        } else if (inTransaction && boundMs == transactionMs) {
            end.accept(BackendMessage.fatal(
                    SqlState.IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
                    "terminating connection due to idle-in-transaction timeout",
                    "The transaction was idle for idle_transaction_timeout of the proxy, and was rolled back."));
        } else {
            end.accept(BackendMessage.idleSessionTimeout());
        }
    }
}
