package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Notes that the server waits for others to leave a database, as it does for five seconds before a command that needs one for itself fails. It refuses
 * at once who may not give such a command, so its silence says that this client may: as long as it has nothing else to do, and is listened to.
 *
 * <pre>
 *   NOTHING --Query that needs a database--> RUNNING
 *   NOTHING --Parse of such a statement--> PARSED --Bind of that--> BOUND --Execute--> EXECUTED --Sync--> RUNNING
 *   any --an answer, another statement--> NOTHING
 * </pre>
 */
public final class DatabaseWait {

    /** A server that refuses has done so by then. */
    private static final long FIRST_MS = 200;

    /** Clients may leave meanwhile, whose connections are idle then. */
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
    /** The name of a statement that was prepared, with the zero that ends it. */
    private byte[] statement = NO_STATEMENT;

    private int times;
    private Scheduler.@Nullable Timer timer;

    /**
     * Notes nothing before it is told.
     *
     * @param isHeard whether what the server says is read: what it has said may be on its way otherwise
     * @param wanted told the name of the database, one char per byte
     */
    public DatabaseWait(Scheduler scheduler, BooleanSupplier isHeard, Consumer<String> wanted) {
        this.scheduler = scheduler;
        this.isHeard = isHeard;
        this.wanted = wanted;
    }

    /** Whether a message is to be shown whole. */
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

    /** Of a message that is there as a whole, since it was asked for. */
    private boolean bindsStatement(ByteBuffer buffer, int start, int end) {
        return matches(buffer, afterZero(buffer, start, end), end, statement);
    }

    /** What is not the next step is another statement, which may be slow for any reason. */
    private void step(Phase from, Phase to) {
        if (phase == from && from != Phase.NOTHING) {
            phase = to;
        } else if (phase != Phase.NOTHING) {
            end();
        }
    }

    /** A message passes that is too long to be looked at. */
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

    /** The server has answered, or nobody waits any more. */
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
