package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.poolworker.backend.MessageCopies;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.MessageInspector;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.Tally;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Inspects what a server sends to its client: everything passes, and only what others must know is noted. */
public final class BackendTraffic implements MessageInspector {

    /** Events that concern more than this session. */
    public interface News {
        /** Roles, databases or their privileges have changed, and every session sees the change. */
        void rolesChanged();

        /**
         * A command failed because its object is in use by others.
         *
         * @param words the server's message, one char per byte
         */
        void objectInUse(String words);

        /** The server has answered: with an error, or that it is ready for the next query. */
        void answered();
    }

    /** Prefixes of the tags of commands that change who may log in or what a session reads at its start, or that may run such commands. */
    private static final byte[][] ROLE_COMMANDS = {
        tag("ALTER ROLE"),
        tag("ALTER DATABASE"),
        tag("CREATE ROLE"),
        tag("CREATE DATABASE"),
        tag("DO"),
        tag("CREATE EXTENSION"),
        tag("ALTER EXTENSION"),
        tag("CALL"),
        tag("DROP ROLE"),
        tag("DROP DATABASE"),
        tag("GRANT"),
        tag("REVOKE")
    };

    /** The server's source file with the commands that create, drop, rename and move databases. */
    private static final String BUSY_DATABASE_FILE = "dbcommands.c";

    /** Severities after which the server closes, in words that are never translated. */
    private static final Set<String> FATAL = Set.of("FATAL", "PANIC");

    private final ServerIdentity identity;
    private final QueryProgress progress;
    private final Tally tally;
    private final Clock clock;
    private final News news;
    private boolean lastWasError;
    private String fatalSqlState = "";
    private boolean rolesTouched;

    public BackendTraffic(ServerIdentity identity, QueryProgress progress, Tally tally, Clock clock, News news) {
        this.identity = identity;
        this.progress = progress;
        this.tally = tally;
        this.clock = clock;
        this.news = news;
    }

    private static byte[] tag(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** The SQLSTATE of the server's last message, when that ended the session; empty otherwise. */
    public String fatalSqlState() {
        return lastWasError ? fatalSqlState : "";
    }

    /** Whether the server's last message was an ErrorResponse, so that a close after it needs no further words. */
    boolean lastWasError() {
        return lastWasError;
    }

    @Override
    public boolean wantsWhole(byte type) {
        return type == BackendMessage.READY_FOR_QUERY
                || type == BackendMessage.PARAMETER_STATUS
                || type == BackendMessage.COMMAND_COMPLETE
                || type == BackendMessage.ERROR_RESPONSE;
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        lastWasError = type == BackendMessage.ERROR_RESPONSE;
        switch (type) {
            case BackendMessage.READY_FOR_QUERY -> onReady(bodyBytes == 1 ? buffer.get(bodyStart) : 0);
            case BackendMessage.PARAMETER_STATUS ->
                MessageCopies.statusOrDoubt(identity, progress, buffer, bodyStart, bodyBytes);
            case BackendMessage.COMMAND_COMPLETE -> rolesTouched |= isRoleCommand(buffer, bodyStart, bodyBytes);
            case BackendMessage.ERROR_RESPONSE -> {
                progress.onBackend(type);
                onError(MessageCopies.copy(buffer, bodyStart, bodyBytes));
            }
            default -> progress.onBackend(type);
        }
        return Verdict.FORWARD;
    }

    private void onReady(byte status) {
        progress.onReadyForQuery(status);
        news.answered();
        tally.queryAnswered(clock.nanoTime(), status == BackendMessage.IDLE, !progress.isRunning());
        if (rolesTouched && status == BackendMessage.IDLE) {
            rolesTouched = false;
            news.rolesChanged();
        }
    }

    private void onError(byte[] body) {
        news.answered();
        var fields = BackendMessage.fields(body);
        boolean isFatal = FATAL.contains(fields.getOrDefault('V', ""));
        fatalSqlState = isFatal ? fields.getOrDefault('C', "") : "";
        // Any user can raise this error with any words, but only the server's own code can name its source file. That
        // code has checked the user's permission before it checked who else uses the database.
        if (SqlState.OBJECT_IN_USE.equals(fields.get('C')) && BUSY_DATABASE_FILE.equals(fields.get('F'))) {
            news.objectInUse(fields.getOrDefault('M', ""));
        }
    }

    private static boolean isRoleCommand(ByteBuffer buffer, int bodyStart, int bodyBytes) {
        for (byte[] tag : ROLE_COMMANDS) {
            if (bodyBytes >= tag.length && startsWith(buffer, bodyStart, tag)) {
                return true;
            }
        }
        return false;
    }

    private static boolean startsWith(ByteBuffer buffer, int start, byte[] prefix) {
        for (int i = 0; i < prefix.length; i++) {
            if (buffer.get(start + i) != prefix[i]) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void passedUnseen(byte type) {
        lastWasError = type == BackendMessage.ERROR_RESPONSE;
        if (lastWasError) {
            news.answered();
            progress.onBackend(type);
        } else {
            // A parameter that was not noted could not be reported to the next client: no reuse.
            progress.doubt();
        }
    }
}
