package dev.pgproxy.taskworker.probe;

import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.taskworker.connection.AdminConnection;
import java.io.EOFException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a failure of pgjdbc says about the server. */
final class DriverFailure {

    private static final String CLASS_CONNECTION = "08";

    /** Causes that are examined; a longer chain can only be a loop. */
    private static final int MAX_CAUSES = 16;

    private DriverFailure() {}

    /** Classifies this failure of pgjdbc. */
    static FailureKind kindOf(SQLException failure) {
        String state = failure.getSQLState() == null ? "" : failure.getSQLState();
        if (!state.isEmpty() && !state.startsWith(CLASS_CONNECTION)) {
            return ofServersWord(state);
        }
        Throwable cause = failure.getCause();
        for (int i = 0; cause != null && i < MAX_CAUSES; i++, cause = cause.getCause()) {
            FailureKind kind = ofCause(cause);
            if (kind != null) {
                return kind;
            }
        }
        return switch (state) {
            case SqlState.PROTOCOL_VIOLATION, SqlState.CONNECTION_REJECTED -> FailureKind.NOT_POSTGRES;
            case SqlState.CONNECTION_FAILURE, SqlState.CONNECTION_DOES_NOT_EXIST -> FailureKind.RESET;
            default -> FailureKind.TIMED_OUT; // A connect that the driver gives up has no cause.
        };
    }

    private static FailureKind ofServersWord(String state) {
        if (state.startsWith(SqlState.CLASS_INVALID_AUTHORIZATION)) {
            return FailureKind.AUTHENTICATION;
        }
        return switch (state) {
            case SqlState.TOO_MANY_CONNECTIONS -> FailureKind.TOO_MANY_CONNECTIONS;
            case SqlState.CANNOT_CONNECT_NOW, SqlState.ADMIN_SHUTDOWN, SqlState.CRASH_SHUTDOWN -> FailureKind.NOT_READY;
            default -> FailureKind.SERVER_ERROR;
        };
    }

    private static @Nullable FailureKind ofCause(Throwable cause) {
        if (AdminConnection.isBadAnswer(cause)) {
            return FailureKind.NOT_POSTGRES;
        }
        if (cause instanceof UnknownHostException) {
            return FailureKind.UNKNOWN_HOST;
        }
        if (cause instanceof SocketTimeoutException) {
            return FailureKind.TIMED_OUT;
        }
        if (cause instanceof EOFException) {
            return FailureKind.RESET;
        }
        if (cause instanceof NoRouteToHostException) {
            return FailureKind.UNREACHABLE;
        }
        return cause instanceof SocketException ? ofWords(cause) : null;
    }

    /** Classifies the kernel's message, which the JDK passes on in English. */
    private static FailureKind ofWords(Throwable cause) {
        String words = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
        if (words.contains("too many open files")
                || words.contains("cannot assign requested address")
                || words.contains("no buffer space")
                || words.contains("permission denied")
                || words.contains("not permitted")) {
            return FailureKind.LOCAL;
        }
        if (words.contains("unreachable") || words.contains("no route")) {
            return FailureKind.UNREACHABLE;
        }
        if (words.contains("timed out")) {
            return FailureKind.TIMED_OUT;
        }
        return cause instanceof ConnectException ? FailureKind.REFUSED : FailureKind.RESET;
    }
}
