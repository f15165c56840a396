package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.MessageFramer;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.MessageCopies;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.MessageInspector;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.traffic.BackendLease;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * Gives a warm backend its next client's values of the parameters that do not split pools, by one query of the proxy's own ahead
 * of the client's first. The client never sees the answer.
 */
public final class ParameterSetting implements MessageInspector {

    private final Map<String, String> changes;
    private final ServerIdentity identity;
    private final QueryProgress progress;
    private final boolean isCertain;
    private final Consumer<byte[]> toServer;
    private final Runnable whenDone;
    private byte[] error = {};
    private boolean failed;

    /**
     * Nothing is sent to the server before {@link #send}.
     *
     * @param changes values to set, by name; none when the server only needs to see activity
     */
    static ParameterSetting through(BackendLease lease, Map<String, String> changes) {
        Backend backend = lease.backend();
        return new ParameterSetting(changes, backend.identity(), backend.progress(), lease::tellServer, lease::inspect);
    }

    /** @param whenDone run at the answer's ReadyForQuery, to put the next inspector in place */
    ParameterSetting(
            Map<String, String> changes,
            ServerIdentity identity,
            QueryProgress progress,
            Consumer<byte[]> toServer,
            Runnable whenDone) {
        this.changes = changes;
        this.identity = identity;
        this.progress = progress;
        this.toServer = toServer;
        this.whenDone = whenDone;
        this.isCertain = areCertain(changes);
    }

    /** Sends the query, ahead of whatever the client sends; when it {@link #isCertain}, the answer arrives after the client's welcome. */
    void send() {
        progress.onFrontend(FrontendMessage.QUERY);
        toServer.accept(query());
    }

    /** Whether the server is sure to accept the changes as they are: the client is welcomed at once, and gets what else it reports. */
    boolean isCertain() {
        return isCertain;
    }

    /**
     * What differs between a backend and its next client.
     *
     * @param opened the values that the backend was opened with
     * @param wanted the values of the client's startup packet
     */
    static Map<String, String> changes(Map<String, String> opened, Map<String, String> wanted) {
        Set<String> names = new TreeSet<>(opened.keySet());
        names.addAll(wanted.keySet());
        Map<String, String> changes = new TreeMap<>();
        for (String name : names) {
            String value = wanted.getOrDefault(name, "");
            if (!value.equals(opened.getOrDefault(name, ""))) {
                changes.put(name, value);
            }
        }
        return changes;
    }

    private static boolean areCertain(Map<String, String> changes) {
        return changes.isEmpty() || changes.keySet().equals(Set.of(StartupParameters.APPLICATION_NAME));
    }

    /** Values are printable ASCII, and quoted so that no setting of the session changes their meaning. */
    private byte[] query() {
        if (changes.isEmpty()) {
            return FrontendMessage.query(""); // It counts as activity at the server.
        }
        if (isCertain) {
            return FrontendMessage.query(
                    "SET application_name = " + quoted(changes.getOrDefault(StartupParameters.APPLICATION_NAME, "")));
        }
        // A list such as search_path is one string here, as in a startup packet; in SET it would be one element.
        List<String> calls = changes.entrySet().stream()
                .map(change -> "pg_catalog.set_config(" + quoted(change.getKey()) + ", " + quoted(change.getValue())
                        + ", false)")
                .toList();
        return FrontendMessage.query("SELECT " + String.join(", ", calls));
    }

    private static String quoted(String text) {
        return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'";
    }

    /** Notes the values as if the server had confirmed them already. */
    void anticipate() {
        changes.forEach((name, value) -> {
            byte[] message = BackendMessage.parameterStatus(name, value);
            identity.status(message, MessageFramer.HEADER_BYTES);
        });
    }

    /** The body of the server's ErrorResponse; empty while there was none. */
    byte[] error() {
        return error;
    }

    /**
     * Whether the values are not what the client wants. Never true once the client was welcomed: only a cancel of its own first
     * query can have failed this one then, and a name for the log is not worth its session.
     */
    boolean hasFailed() {
        return failed && !isCertain;
    }

    @Override
    public boolean wantsWhole(byte type) {
        return true;
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        switch (type) {
            case BackendMessage.PARAMETER_STATUS -> {
                byte[] message = MessageCopies.whole(buffer, bodyStart, bodyBytes);
                MessageCopies.statusOrDoubt(identity, progress, buffer, bodyStart, bodyBytes);
                return isCertain && !isOurs(message) ? Verdict.FORWARD : Verdict.REPLACE;
            }
            case BackendMessage.ERROR_RESPONSE -> {
                failed = true;
                progress.doubt(); // The backend's values are not those that its clients would be told.
                error = MessageCopies.copy(buffer, bodyStart, bodyBytes);
            }
            case BackendMessage.READY_FOR_QUERY -> {
                progress.onReadyForQuery(bodyBytes == 1 ? buffer.get(bodyStart) : 0);
                whenDone.run();
            }
            default -> {}
        }
        return Verdict.REPLACE;
    }

    private boolean isOurs(byte[] message) {
        String text = new String(message, StandardCharsets.ISO_8859_1);
        int start = MessageFramer.HEADER_BYTES;
        int end = text.indexOf('\0', start);
        return end > start && changes.containsKey(text.substring(start, end));
    }

    @Override
    public void passedUnseen(byte type) {
        failed = true; // No answer to our query is that large: this is something else.
    }
}
