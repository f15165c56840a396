package dev.pgproxy.common.view;

import static dev.pgproxy.common.view.Column.bool;
import static dev.pgproxy.common.view.Column.float8;
import static dev.pgproxy.common.view.Column.int4;
import static dev.pgproxy.common.view.Column.int8;
import static dev.pgproxy.common.view.Column.text;
import static dev.pgproxy.common.view.Column.timestamptz;

import java.util.List;
import java.util.Locale;

/**
 * The tables of the pg_proxy database. The first columns of the first four are those of the program that pgproxy ports, in its order and spelling.
 * docs/pg_proxy.md says what each column means.
 */
public enum View {
    /** Each client with its connection to a server, each client that waits, and each connection that waits for a client. */
    CONNECTION(
            1,
            int4("pid"),
            int8("id"),
            text("fe_ip"),
            int4("fe_port"),
            text("be_ip"),
            int4("be_port"),
            text("user"),
            text("database"),
            timestamptz("status_time"),
            int8("use_num"),
            text("state"),
            float8("state_seconds"),
            int8("session_id"),
            text("server"),
            int4("backend_pid"),
            text("application_name"),
            text("parameters"),
            text("wait_for"),
            timestamptz("connected_at"),
            int8("client_bytes"),
            int8("server_bytes"),
            int8("queries"),
            int8("transactions"),
            float8("query_seconds")),
    /** Each process of pgproxy. */
    PROCESS(
            2,
            int4("pid"),
            int4("total_cnn_num"),
            int4("idle_cnn_num"),
            int4("pending_cnn_num"),
            text("kind"),
            int4("slot"),
            text("state"),
            timestamptz("started_at"),
            float8("uptime_seconds"),
            int4("restarts"),
            int8("memory_bytes"),
            int4("open_fds"),
            float8("loop_latency_ms"),
            int8("contained_faults")),
    /** Each server that the configuration names, or that connections still lead to. */
    SERVER(
            3,
            text("server"),
            int4("total_cnn_num"),
            int4("idle_cnn_num"),
            int4("active_cnn_num"),
            int4("waiting_cnn_num"),
            int4("max_cnn_num"),
            text("role"),
            bool("up"),
            bool("in_recovery"),
            float8("lag_seconds"),
            bool("paused"),
            text("problem"),
            timestamptz("checked_at"),
            bool("promote"),
            bool("promotable"),
            text("not_promotable_because"),
            int4("timeline"),
            text("lsn"),
            int8("lag_bytes"),
            text("upstream"),
            text("warning")),
    /** The startup packet of each connection. */
    STARTUPMSG(4, int4("pid"), int8("id"), bool("idle"), text("msg")),
    /** Connections by what makes them interchangeable. */
    POOL(
            5,
            text("server"),
            text("user"),
            text("database"),
            text("parameters"),
            int4("active"),
            int4("idle"),
            int4("login"),
            int4("resetting"),
            int4("waiting"),
            float8("oldest_wait_seconds")),
    /** Every key of the configuration. */
    CONFIG(6, text("key"), text("value"), text("default_value"), int4("source_line"), bool("reloadable")),
    /** What happened recently, as in the log. */
    EVENT(7, int8("id"), timestamptz("at"), text("process"), text("level"), text("event"), text("line")),
    /** What was relayed, by server, database and user, since the workers started. */
    STATS(
            8,
            text("server"),
            text("database"),
            text("user"),
            int8("sessions"),
            int8("queries"),
            int8("transactions"),
            int8("client_bytes"),
            int8("server_bytes"),
            float8("query_seconds"),
            float8("wait_seconds"),
            float8("sessions_per_second"),
            float8("queries_per_second"),
            float8("transactions_per_second"),
            float8("client_bytes_per_second"),
            float8("server_bytes_per_second"),
            float8("query_ms_average")),
    /** What each process has counted since it started, and its other figures. */
    COUNTER(9, int4("pid"), text("name"), int8("value"), text("help"));

    @SuppressWarnings("ImmutableEnumChecker") // List.of makes immutable lists.
    private final List<Column> columns;

    private final int code;

    View(int code, Column... columns) {
        this.code = code;
        this.columns = List.of(columns);
    }

    /** The table's number on the wire, from 1 to 31. */
    public int code() {
        return code;
    }

    /**
     * The table with this number.
     *
     * @throws IllegalArgumentException when there is none
     */
    static View ofCode(int code) {
        for (View view : values()) {
            if (view.code == code) {
                return view;
            }
        }
        throw new IllegalArgumentException("there is no table " + code);
    }

    public List<Column> columns() {
        return columns;
    }

    /** The table's name in SQL. */
    public String tableName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
