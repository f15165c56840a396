package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Notices that the server waits for others to leave a database, as it does for five seconds before a command that needs one for itself
 * fails. The server refuses at once a client that may not give such a command, so its silence shows that this client may, provided that
 * the server has nothing else to do and is being read from.
 *
 * <pre>
 *   NOTHING --Query that needs a database--> RUNNING
 *   NOTHING --Parse of such a statement--> PARSED --Bind of that--> BOUND --Execute--> EXECUTED --Sync--> RUNNING
 *   any --an answer, another statement--> NOTHING
 * </pre>
 */
public final class DatabaseWait {

    /** By then, a server that refuses has done so. */
    private static final long FIRST_MS = 200;

    /** Clients may leave meanwhile, and their connections are then idle. */
    private static final long AGAIN_MS = 1_000;

    private static final int MAX_TIMES = 5;

    private static final byte[] NO_STATEMENT = {};

    private enum Phase {
        NOTHING,
        PARSED,
        BOUND,
        EXECUTED,
        RUNNING
    }

    private final Scheduler scheduler;
    private final BooleanSupplier isHeard;
    private final Consumer<String> wanted;
    private Phase phase = Phase.NOTHING;
    private String database = "";
    /** The name of the prepared statement, with its terminating zero. */
    private byte[] statement = NO_STATEMENT;

    private int times;
    private Scheduler.@Nullable Timer timer;

    /**
     * Does nothing before a message passes.
     *
     * @param isHeard whether the server is being read from; if not, its answer may be on its way
     * @param wanted told the name of the database, one char per byte
     */
    public DatabaseWait(Scheduler scheduler, BooleanSupplier isHeard, Consumer<String> wanted) {
        this.scheduler = scheduler;
        this.isHeard = isHeard;
        this.wanted = wanted;
    }

    /** Whether messages of this type must be shown whole. */
    boolean wants(byte type) {
        return phase == Phase.PARSED && type == FrontendMessage.BIND;
    }

    /** A message of the client passes, before it is counted. */
    void onFrontend(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes, QueryProgress progress) {
        boolean isFree = progress.isAtRest() && !progress.isInTransaction();
        switch (type) {
            case FrontendMessage.QUERY -> {
                end();
                if (isFree && finds(buffer, bodyStart, bodyStart + bodyBytes)) {
                    run();
                }
            }
            case FrontendMessage.PARSE -> {
                end();
                int query = afterZero(buffer, bodyStart, bodyStart + bodyBytes);
                if (isFree && finds(buffer, query, bodyStart + bodyBytes)) {
                    statement = bytes(buffer, bodyStart, query);
                    phase = Phase.PARSED;
                }
            }
            case FrontendMessage.BIND -> {
                boolean isIt = phase == Phase.PARSED && bindsStatement(buffer, bodyStart, bodyStart + bodyBytes);
                step(isIt ? Phase.PARSED : Phase.NOTHING, Phase.BOUND);
            }
            case FrontendMessage.EXECUTE -> step(Phase.BOUND, Phase.EXECUTED);
            case FrontendMessage.SYNC -> {
                if (phase == Phase.EXECUTED) {
                    run();
                }
            }
            case FrontendMessage.FUNCTION_CALL -> end();
            default -> {}
        }
    }

    private boolean finds(ByteBuffer buffer, int start, int end) {
        database = DatabaseCommand.databaseOf(buffer, start, end);
        return !database.isEmpty();
    }

    /** The message is there as a whole, since {@link #wants} asked for that. */
    private boolean bindsStatement(ByteBuffer buffer, int start, int end) {
        return matches(buffer, afterZero(buffer, start, end), end, statement);
    }

    /** Anything but the next step is another statement, which may be slow for any reason. */
    private void step(Phase from, Phase to) {
        if (phase == from && from != Phase.NOTHING) {
            phase = to;
        } else if (phase != Phase.NOTHING) {
            end();
        }
    }

    /** A message passes that is too long to be inspected. */
    void onUnseen(byte type) {
        if (type == FrontendMessage.QUERY || type == FrontendMessage.PARSE || type == FrontendMessage.BIND) {
            end();
        }
    }

    private void run() {
        phase = Phase.RUNNING;
        times = 0;
        timer = scheduler.afterMs(FIRST_MS, this::still);
    }

    private void still() {
        if (isHeard.getAsBoolean()) {
            wanted.accept(database);
        }
        timer = ++times < MAX_TIMES ? scheduler.afterMs(AGAIN_MS, this::still) : null;
    }

    /** The server has answered, or the client no longer waits. */
    public void end() {
        phase = Phase.NOTHING;
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }

    private static int afterZero(ByteBuffer buffer, int start, int end) {
        int at = start;
        while (at < end && buffer.get(at) != 0) {
            at++;
        }
        return Math.min(at + 1, end);
    }

    private static byte[] bytes(ByteBuffer buffer, int start, int end) {
        byte[] copy = new byte[end - start];
        buffer.get(start, copy);
        return copy;
    }

    private static boolean matches(ByteBuffer buffer, int start, int end, byte[] expected) {
        if (start + expected.length > end) {
            return false;
        }
        for (int i = 0; i < expected.length; i++) {
            if (buffer.get(start + i) != expected[i]) {
                return false;
            }
        }
        return true;
    }
}
