package dev.pgproxy.adminworker.sql;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a session reports about itself: the settings that clients read and set at login, and what functions return about it. */
public final class Settings {

    static final String VERSION = "pg_proxy.version";
    static final String DATABASE = "pg_proxy.database";
    static final String SCHEMA = "pg_proxy.schema";
    static final String BACKEND_PID = "pg_proxy.backend_pid";
    static final String USER = "session_authorization";

    /** The owner of the tables. */
    static final String OWNER = "pg_proxy";

    static final String PUBLIC = "public";
    static final String IN_RECOVERY = "pg_proxy.in_recovery";

    private static final String APPLICATION_NAME = "application_name";
    private static final String CLIENT_ENCODING = "client_encoding";

    /** The version of PostgreSQL that clients see, which decides what they ask for. */
    private static final String SERVER_VERSION = "15.0";

    /** Reported to clients at login, as by a server. */
    private static final List<String> REPORTED = List.of(
            "server_version",
            "server_encoding",
            CLIENT_ENCODING,
            APPLICATION_NAME,
            "is_superuser",
            USER,
            "DateStyle",
            "IntervalStyle",
            "TimeZone",
            "integer_datetimes",
            "standard_conforming_strings");

    private static final int LONGEST_VALUE = 1_000;

    /** Settings by their name in lower case. */
    private final Map<String, String> values = new LinkedHashMap<>();

    private final Map<String, String> initial;

    /**
     * @param user as the client named it
     * @param applicationName empty when there is none
     * @param version of pgproxy
     * @param mayAct whether the session may do more than read
     * @param backendPid as in BackendKeyData
     */
    public Settings(String user, String applicationName, String version, boolean mayAct, int backendPid) {
        set(SERVER_VERSION_KEY, SERVER_VERSION + " (pgproxy " + version + ")");
        set("server_version_num", "150000");
        set("server_encoding", "UTF8");
        set(CLIENT_ENCODING, "UTF8");
        set(APPLICATION_NAME, applicationName);
        set("is_superuser", mayAct ? "on" : "off");
        set(USER, user);
        set("datestyle", "ISO, MDY");
        set("intervalstyle", "postgres");
        set("timezone", "UTC");
        set("integer_datetimes", "on");
        set("standard_conforming_strings", "on");
        set("transaction_isolation", "read committed");
        set("transaction_read_only", "on");
        set("default_transaction_isolation", "read committed");
        set("default_transaction_read_only", "on");
        set("search_path", PUBLIC);
        set("extra_float_digits", "1");
        set("client_min_messages", "notice");
        set("statement_timeout", "0");
        set("lock_timeout", "0");
        set("idle_in_transaction_session_timeout", "0");
        set("bytea_output", "hex");
        set("max_identifier_length", "63");
        set("row_security", "on");
        set("synchronize_seqscans", "on");
        set("xmloption", "content");
        set(VERSION, "PostgreSQL " + SERVER_VERSION + " (pgproxy " + version + ")");
        set(DATABASE, "pg_proxy");
        set(SCHEMA, PUBLIC);
        set(BACKEND_PID, Integer.toString(backendPid));
        set(IN_RECOVERY, "f");
        initial = Map.copyOf(values);
    }

    private static final String SERVER_VERSION_KEY = "server_version";

    private void set(String key, String value) {
        values.put(key, value);
    }

    private static String key(String name) {
        return name.toLowerCase(java.util.Locale.ROOT);
    }

    /** The value of a setting, by its name in any case; empty when there is no such setting. */
    public Optional<String> value(String name) {
        return Optional.ofNullable(values.get(key(name)));
    }

    /** The settings that ParameterStatus messages report at login, in PostgreSQL's spelling. */
    public Map<String, String> reported() {
        Map<String, String> reported = new LinkedHashMap<>();
        REPORTED.forEach(name -> value(name).ifPresent(value -> reported.put(name, value)));
        return reported;
    }

    /** The spelling in which clients are told of a change; null when they are not. */
    public @Nullable String reportedName(String name) {
        return REPORTED.stream()
                .filter(each -> each.equalsIgnoreCase(name))
                .findFirst()
                .orElse(null);
    }

    /**
     * Accepts what clients set at login. Only application_name takes effect; times are always in UTC, and say so.
     *
     * @throws SqlProblem for a setting that does not exist, or a value that is not supported
     */
    public void change(String name, String value) throws SqlProblem {
        if (!values.containsKey(key(name))) {
            throw new SqlProblem(
                    SqlStates.UNDEFINED_OBJECT,
                    "unrecognized configuration parameter \"" + name + "\"",
                    "The keys of pgproxy are in the table config; change them in its file, and RELOAD.");
        }
        if (key(name).equals(CLIENT_ENCODING) && !value.replace("-", "").equalsIgnoreCase("UTF8")) {
            throw new SqlProblem(
                    SqlStates.FEATURE_NOT_SUPPORTED, "pg_proxy supports only UTF8", "SET client_encoding = 'UTF8'");
        }
        if (key(name).equals(APPLICATION_NAME)) {
            set(APPLICATION_NAME, value.substring(0, Math.min(value.length(), LONGEST_VALUE)));
        }
    }

    /** Restores the values of the login. */
    public void reset() {
        values.putAll(initial);
    }
}
