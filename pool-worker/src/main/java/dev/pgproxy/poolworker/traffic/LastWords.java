package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupParameters;

/** What a client is told when its session ends without its asking. */
public final class LastWords {

    public static final byte[] NONE = {};

    /** The longest ErrorResponse that is reported to the master verbatim. */
    public static final int MAX_REPORTED_BYTES = 8 * 1024;

    private LastWords() {}

    public static byte[] loginTimeout() {
        return BackendMessage.fatal(
                SqlState.QUERY_CANCELED,
                "canceling authentication due to timeout",
                "The login took longer than client_login_timeout.");
    }

    public static byte[] unreachable(Endpoint server, String reason) {
        return BackendMessage.fatal(
                SqlState.SQLCLIENT_UNABLE_TO_ESTABLISH_SQLCONNECTION,
                "could not connect to server " + server + ": " + reason,
                "Check that the server runs and accepts connections from the proxy's host.");
    }

    /** The server is gone. */
    public static byte[] lostServer(Endpoint server) {
        return BackendMessage.fatal(
                SqlState.CONNECTION_FAILURE,
                "server " + server + " closed the connection unexpectedly",
                "The server's log says why; connect again.");
    }

    public static byte[] replacedServer(Endpoint server, Endpoint successor) {
        return BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection because " + successor + " has taken the place of server " + server,
                "Connect again. If the last COMMIT was not answered, look up whether it succeeded.");
    }

    public static byte[] movedServer(Endpoint server) {
        return BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection because the host name of server " + server + " has another address now",
                "Connect again. If the last COMMIT was not answered, look up whether it succeeded.");
    }

    public static byte[] notMoved(Endpoint server, String reason) {
        return BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection because its session could not continue on server " + server + ": " + reason,
                "Connect again.");
    }

    public static byte[] badServer(Endpoint server, ProtocolViolation violation) {
        return BackendMessage.fatal(
                violation.sqlState(),
                "server " + server + " broke the protocol: " + violation.description(),
                "Find out what listens there: PostgreSQL does not send such a message.");
    }

    /** For a fault of the proxy's own. */
    public static byte[] broken() {
        return BackendMessage.fatal(
                SqlState.INTERNAL_ERROR,
                "pgproxy failed unexpectedly, and ended this session",
                "Connect again. pgproxy's log has the details.");
    }

    public static byte[] badClient(ProtocolViolation violation) {
        return BackendMessage.fatal(
                violation.sqlState(), violation.description(), "The client does not speak PostgreSQL's protocol.");
    }

    public static byte[] askedAnew(Endpoint server, String reason) {
        return BackendMessage.fatal(
                SqlState.CONNECTION_FAILURE,
                "pgproxy could not log in to server " + server + " for this client: " + reason,
                "Connect again: the server will ask for the password itself.");
    }

    /** No master is left to give the client a place. */
    public static byte[] masterLost() {
        return BackendMessage.fatal(
                SqlState.CANNOT_CONNECT_NOW, "pgproxy is being restarted", "Connect again in a moment.");
    }

    public static byte[] shutdown() {
        return BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection due to administrator command",
                "The proxy is being stopped; connect again.");
    }

    public static byte[] endedByOperator() {
        return BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection due to administrator command",
                "An operator of the proxy has ended this connection; connect again.");
    }

    /**
     * A login that fails because of a setting, as the server words it.
     *
     * @param error body of its ErrorResponse; may be empty
     */
    public static byte[] badSetting(byte[] error) {
        return BackendMessage.fatal(
                BackendMessage.fields(error).getOrDefault('C', SqlState.CONNECTION_FAILURE), settingWords(error), "");
    }

    /** What the server says of a setting that it does not accept. */
    public static String settingWords(byte[] error) {
        return words(error, "a setting of the session could not be applied");
    }

    /**
     * The message of a server's ErrorResponse.
     *
     * @param otherwise when it has none
     */
    public static String words(byte[] error, String otherwise) {
        return StartupParameters.display(BackendMessage.fields(error).getOrDefault('M', otherwise));
    }
}
