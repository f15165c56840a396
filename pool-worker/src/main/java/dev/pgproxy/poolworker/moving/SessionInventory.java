package dev.pgproxy.poolworker.moving;

import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.poolworker.backend.MessageCopies;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.MessageInspector;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The state that a session at rest has at its server, found by one query of the proxy's own whose answer the client never sees:
 * things that no other server has, and settings, which another server can be given.
 */
public final class SessionInventory implements MessageInspector {

    private static final String HELD = "held";
    private static final String SETTING = "setting";

    /** Application functions that set parameters of their own, which no catalog shows. Extensions are assumed not to. */
    private static final String SETTERS = "E'set_config|\\\\mset\\\\s+(session\\\\s+)?[\"\\\\w]+\\\\s*\\\\.'";

    /** Rows of kind, name and value. Names are qualified, as the session's own search_path applies. */
    private static final byte[] QUERY = FrontendMessage.query(String.join(
            " UNION ALL ",
            held("has prepared a statement", "pg_catalog.pg_prepared_statements"),
            held("has a cursor open", "pg_catalog.pg_cursors WHERE is_holdable"),
            held("listens", "pg_catalog.pg_listening_channels()"),
            held(
                    "has an advisory lock",
                    "pg_catalog.pg_locks WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid()"),
            held(
                    "has temporary objects",
                    "pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass"
                            + " AND refobjid = pg_catalog.pg_my_temp_schema() AND refobjid <> 0"),
            held(
                    "is in another role",
                    "pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) AS a"
                            + " JOIN pg_catalog.pg_roles AS r ON r.oid = a.usesysid"
                            + " WHERE r.rolname <> current_user OR r.rolname <> session_user"),
            held(
                    "has a temporary replication slot",
                    "pg_catalog.pg_replication_slots WHERE temporary AND active_pid = pg_catalog.pg_backend_pid()"),
            held(
                    "may have called a function that sets parameters",
                    "pg_catalog.pg_proc AS p WHERE p.oid >= 16384 AND p.prosrc ~* " + SETTERS
                            + " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d"
                            + " WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass"
                            + " AND d.objid = p.oid AND d.deptype = 'e')"),
            "SELECT '" + SETTING + "', name, pg_catalog.left(setting, " + (Resumption.MAX_BYTES + 1)
                    + ") FROM pg_catalog.pg_settings WHERE source = 'session'"));

    private final ServerIdentity identity;
    private final QueryProgress progress;
    private final Runnable whenComplete;
    private final Map<String, String> settings = new TreeMap<>();
    private String obstacle = "";
    private int settingBytes;
    private boolean complete;

    /** @param whenComplete run at the answer's ReadyForQuery, to put the next inspector in place */
    SessionInventory(ServerIdentity identity, QueryProgress progress, Runnable whenComplete) {
        this.identity = identity;
        this.progress = progress;
        this.whenComplete = whenComplete;
    }

    private static String held(String what, String from) {
        return "SELECT '" + HELD + "', '" + what + "', '' WHERE EXISTS (SELECT FROM " + from + ")";
    }

    /** The query. */
    public static byte[] query() {
        return QUERY.clone();
    }

    /** There is no need to ask: the session cannot continue elsewhere. */
    void skip(String why) {
        obstacle = why;
        complete = true;
    }

    /** Whether the outcome is known. */
    boolean isComplete() {
        return complete;
    }

    /** Why the session cannot continue elsewhere; empty when it can. */
    String obstacle() {
        return obstacle;
    }

    /** What the client has set, by name. */
    Map<String, String> settings() {
        return settings;
    }

    @Override
    public boolean wantsWhole(byte type) {
        return true;
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        switch (type) {
            case BackendMessage.DATA_ROW -> row(MessageCopies.copy(buffer, bodyStart, bodyBytes));
            case BackendMessage.ERROR_RESPONSE -> obstacle = "cannot be asked what it holds";
            case BackendMessage.PARAMETER_STATUS -> {
                MessageCopies.statusOrDoubt(identity, progress, buffer, bodyStart, bodyBytes);
                return Verdict.FORWARD;
            }
            case BackendMessage.NOTIFICATION_RESPONSE -> {
                return Verdict.FORWARD;
            }
            case BackendMessage.READY_FOR_QUERY -> {
                progress.onReadyForQuery(bodyBytes == 1 ? buffer.get(bodyStart) : 0);
                complete = true;
                whenComplete.run();
            }
            default -> {}
        }
        return Verdict.REPLACE;
    }

    private void row(byte[] body) {
        List<String> columns = MessageCopies.columns(body);
        if (columns.size() == 3 && columns.get(0).equals(SETTING)) {
            take(columns.get(1), columns.get(2));
        } else {
            obstacle = columns.size() == 3 ? columns.get(1) : "cannot be asked what it holds";
        }
    }

    /** Only plain ASCII is taken: the encoding of other characters is not known here. */
    private void take(String name, String value) {
        settingBytes += name.length() + value.length();
        if (settingBytes > Resumption.MAX_BYTES) {
            obstacle = "holds more state than can be moved";
        } else if (value.chars().allMatch(character -> character >= ' ' && character <= '~')) {
            settings.put(name, value);
        } else {
            obstacle = "has a setting that is not plain text";
        }
    }

    @Override
    public void passedUnseen(byte type) {
        obstacle = "holds more state than can be moved";
    }
}
