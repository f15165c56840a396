package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Notes that the server waits for others to leave a database, as it does for five seconds before a command that needs one for itself fails. It refuses
 * at once who may not give such a command, so its silence says that this client may.
 */
final class DatabaseWait {

    /** A server that refuses has done so by then. */
    private static final long FIRST_MS = 200;

    /** Clients may leave meanwhile, whose connections are idle then. */
    private static final long AGAIN_MS = 1_000;

    private static final int MAX_TIMES = 5;

    private final Scheduler scheduler;
    private final Consumer<String> wanted;
    private String database = "";
    /** Of a statement that was prepared and is to be bound next, with the zero that ends it; null for a simple query. */
    private byte @Nullable [] statement;

    private int times;
    private Scheduler.@Nullable Timer timer;

    /** @param wanted told the name of the database, one char per byte */
    DatabaseWait(Scheduler scheduler, Consumer<String> wanted) {
        this.scheduler = scheduler;
        this.wanted = wanted;
    }

    /** Whether a message is to be shown whole. */
    boolean wants(byte type) {
        return statement != null && type == FrontendMessage.BIND;
    }

    /** A message of the client passes, before it is counted. */
    void onFrontend(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes, QueryProgress progress) {
        switch (type) {
            case FrontendMessage.QUERY -> {
                end();
                if (progress.isAtRest() && !progress.isInTransaction()) {
                    begin(DatabaseCommand.databaseOf(buffer, bodyStart, bodyStart + bodyBytes));
                }
            }
            case FrontendMessage.PARSE -> {
                end();
                int query = afterZero(buffer, bodyStart, bodyStart + bodyBytes);
                if (progress.isAtRest() && !progress.isInTransaction()) {
                    begin(DatabaseCommand.databaseOf(buffer, query, bodyStart + bodyBytes));
                    statement = timer == null ? null : bytes(buffer, bodyStart, query);
                }
            }
            case FrontendMessage.BIND -> {
                int name = afterZero(buffer, bodyStart, bodyStart + bodyBytes);
                if (statement != null && !matches(buffer, name, bodyStart + bodyBytes, statement)) {
                    end(); // Another statement, which may be slow for any reason.
                }
            }
            case FrontendMessage.FUNCTION_CALL -> end();
            default -> {}
        }
    }

    /** A message passes that is too long to be looked at. */
    void onUnseen(byte type) {
        if (type == FrontendMessage.QUERY || type == FrontendMessage.PARSE || type == FrontendMessage.BIND) {
            end();
        }
    }

    private void begin(String name) {
        if (!name.isEmpty()) {
            database = name;
            times = 0;
            timer = scheduler.afterMs(FIRST_MS, this::still);
        }
    }

    private void still() {
        wanted.accept(database);
        timer = ++times < MAX_TIMES ? scheduler.afterMs(AGAIN_MS, this::still) : null;
    }

    /** The server has answered, or nobody waits any more. */
    void end() {
        statement = null;
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
