package dev.pgproxy.master.probe;

import dev.pgproxy.common.protocol.SqlState;
import java.io.EOFException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.sql.SQLException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Why a look at a server told nothing of it, and whether that counts as the server being down. */
public enum FailureKind {
    /** Nothing listens there. */
    REFUSED(true),
    /** The connection was made and broke: a server that died, or one whose listener lives without it. */
    RESET(true),
    /** No answer in time: a frozen server, a firewall, a host that is gone. */
    TIMED_OUT(true),
    /** The network says that there is no way. */
    UNREACHABLE(true),
    /** The name could not be resolved, which says something of the resolver and nothing of the server. */
    UNKNOWN_HOST(false),
    /** The server knows nobody of this name, or not with this password. It lives. */
    AUTHENTICATION(false),
    /** All connections are in use. It lives. */
    TOO_MANY_CONNECTIONS(false),
    /** It is about to take connections, or just stops doing so; soon it answers otherwise. */
    NOT_READY(false),
    /** Any other error that the server itself reports. It lives. */
    SERVER_ERROR(false),
    /** Whatever listens there is no PostgreSQL: a mistake in the configuration, and no failure of a server. */
    NOT_POSTGRES(false),
    /** This process could not even try: it has no descriptor, no port or no memory left. */
    LOCAL(false);

    private static final String CLASS_CONNECTION = "08";
    private static final String CLASS_AUTHORIZATION = "28";

    /** Causes that are looked at; longer chains than this are no more than a loop. */
    private static final int MAX_CAUSES = 16;

    private final boolean down;

    FailureKind(boolean down) {
        this.down = down;
    }

    /** Whether enough of these in a row mean that the server is dead. */
    public boolean countsAsDown() {
        return down;
    }

    /** What this failure of pgjdbc was. */
    public static FailureKind of(SQLException failure) {
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
            case SqlState.PROTOCOL_VIOLATION, SqlState.CONNECTION_REJECTED -> NOT_POSTGRES;
            case SqlState.CONNECTION_FAILURE, SqlState.CONNECTION_DOES_NOT_EXIST -> RESET;
            default -> TIMED_OUT; // The driver gives up a connect that takes too long without a cause.
        };
    }

    private static FailureKind ofServersWord(String state) {
        if (state.startsWith(CLASS_AUTHORIZATION)) {
            return AUTHENTICATION;
        }
        return switch (state) {
            case SqlState.TOO_MANY_CONNECTIONS -> TOO_MANY_CONNECTIONS;
            case SqlState.CANNOT_CONNECT_NOW, SqlState.ADMIN_SHUTDOWN, SqlState.CRASH_SHUTDOWN -> NOT_READY;
            default -> SERVER_ERROR;
        };
    }

    private static @Nullable FailureKind ofCause(Throwable cause) {
        if (cause instanceof UnknownHostException) {
            return UNKNOWN_HOST;
        }
        if (cause instanceof SocketTimeoutException) {
            return TIMED_OUT;
        }
        if (cause instanceof EOFException) {
            return RESET;
        }
        if (cause instanceof NoRouteToHostException) {
            return UNREACHABLE;
        }
        return cause instanceof SocketException ? ofWords(cause) : null;
    }

    /** The kernel's words, which the JDK passes on in English. */
    private static FailureKind ofWords(Throwable cause) {
        String words = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
        if (words.contains("too many open files")
                || words.contains("cannot assign requested address")
                || words.contains("no buffer space")
                || words.contains("permission denied")
                || words.contains("not permitted")) {
            return LOCAL;
        }
        if (words.contains("unreachable") || words.contains("no route")) {
            return UNREACHABLE;
        }
        if (words.contains("timed out")) {
            return TIMED_OUT;
        }
        return cause instanceof ConnectException ? REFUSED : RESET;
    }
}
