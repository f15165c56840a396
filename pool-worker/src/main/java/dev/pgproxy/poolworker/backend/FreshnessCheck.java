package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.protocol.FrontendMessage;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the server is asked behind DISCARD ALL: whether something is left of the former client that DISCARD ALL does not undo, as far
 * as a catalog or a function tells. What a client's own queries tell is noted as they pass; docs/pooling.md says what nothing tells.
 *
 * <p>The question runs with the rights of the pool's user, in a session whose search_path others may have chosen: every name and
 * operator in it is qualified, and nothing is called that somebody else can define.
 */
final class FreshnessCheck {

    /** The tag of the answer: always one row. */
    static final String TAG = "SELECT 1";

    /** Names with a dot that the source of a function sets; as a string constant of SQL. */
    private static final String SETS_PARAMETER = "E'set_config\\\\s*\\\\(\\\\s*''([a-z_][\\\\w$]*\\\\.[\\\\w$.]+)''"
            + "|\\\\mset\\\\s+(?:session\\\\s+|local\\\\s+)?([a-z_][\\\\w$]*\\\\.[\\\\w$.]+)'";

    /** Parameters of an application's own that functions set by name. Once set, they are empty for ever where they were NULL. */
    private static final String FUNCTION_PARAMETERS = "EXISTS (SELECT FROM pg_catalog.pg_proc AS p, LATERAL ("
            + "SELECT COALESCE(m[1], m[2]) FROM pg_catalog.regexp_matches(p.prosrc, " + SETS_PARAMETER + ", 'gi') AS m"
            + """

              UNION ALL
              SELECT pg_catalog.split_part(c, '=', 1) FROM pg_catalog.unnest(p.proconfig) AS c) AS n(name)
              WHERE p.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
              AND pg_catalog.strpos(n.name, '.') OPERATOR(pg_catalog.>) 0
              AND pg_catalog.current_setting(n.name, true) OPERATOR(pg_catalog.=) '')\
            """;

    private static final String TEMPORARY_SLOT = """
            EXISTS (SELECT FROM pg_catalog.pg_replication_slots AS s
              WHERE s.temporary AND s.active_pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid())\
            """;

    /** Servers before the fix of CVE-2024-10978 lose it. */
    private static final String ROLE_SETTING = """
            pg_catalog.current_setting('role') OPERATOR(pg_catalog.=) 'none' AND EXISTS (
              SELECT FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS c
              WHERE (s.setrole OPERATOR(pg_catalog.=) 0::pg_catalog.oid OR s.setrole OPERATOR(pg_catalog.=) (
                SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) session_user))
              AND (s.setdatabase OPERATOR(pg_catalog.=) 0::pg_catalog.oid OR s.setdatabase OPERATOR(pg_catalog.=) (
                SELECT d.oid FROM pg_catalog.pg_database AS d
                WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))
              AND c OPERATOR(pg_catalog.~~*) 'role=%' AND c OPERATOR(pg_catalog.!~~*) 'role=none')\
            """;

    /** By a text that is run, since the function is not there everywhere; only superusers can make one with this library. */
    private static final String DBLINK = """
            EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE p.proname OPERATOR(pg_catalog.=) 'dblink_get_connections'
              AND p.prolang OPERATOR(pg_catalog.=) 13::pg_catalog.oid
              AND p.probin OPERATOR(pg_catalog.=) '$libdir/dblink'
              AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
              AND pg_catalog.query_to_xml(pg_catalog.concat('SELECT ', p.pronamespace::pg_catalog.regnamespace,
                '.dblink_get_connections() IS NOT NULL AS any'), true, true, '')::pg_catalog.text
                OPERATOR(pg_catalog.~~) '%>true<%')\
            """;

    /** Of languages whose functions share variables of the session: loaded, as PostgreSQL 18 tells, or as their settings do. */
    private static final String LANGUAGES = """
            EXISTS (SELECT FROM pg_catalog.pg_language AS l JOIN pg_catalog.pg_proc AS p ON p.prolang OPERATOR(pg_catalog.=) l.oid
              WHERE l.lanname OPERATOR(pg_catalog.~) '^(plperl|pltcl|plpython|plv8|pllua|plr)'
              AND CASE
                WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 OPERATOR(pg_catalog.>=) 180000
                THEN pg_catalog.query_to_xml(pg_catalog.concat(
                  'SELECT true AS loaded FROM pg_catalog.pg_get_loaded_modules() AS m WHERE pg_catalog.strpos(m.file_name, ''',
                  pg_catalog.rtrim(l.lanname, 'u'), ''') OPERATOR(pg_catalog.>) 0'), true, true, '')::pg_catalog.text
                  OPERATOR(pg_catalog.~~) '%>true<%'
                WHEN l.lanname OPERATOR(pg_catalog.~) '^plperl'
                THEN pg_catalog.current_setting('plperl.use_strict', true) IS NOT NULL
                WHEN l.lanname OPERATOR(pg_catalog.~) '^pltcl'
                THEN pg_catalog.current_setting('pltcl.start_proc', true) IS NOT NULL
                ELSE false
              END)\
            """;

    private static final byte[] QUERY = FrontendMessage.query("SELECT /* pgproxy */ pg_catalog.concat_ws(', ', "
            + String.join(
                    ", ",
                    when(TEMPORARY_SLOT, "has a temporary replication slot"),
                    when(FUNCTION_PARAMETERS, "has called a function that sets a parameter of the application"),
                    when(ROLE_SETTING, "has lost what ALTER ROLE ... SET role says"),
                    when(DBLINK, "has a connection of dblink open"),
                    when(LANGUAGES, "has called functions that may share variables"))
            + "), pg_catalog.current_setting('idle_session_timeout', true)");

    private static final Pattern TIME = Pattern.compile("(\\d{1,9})(us|ms|s|min|h|d)?");

    /**
     * The answer.
     *
     * @param leftover what is left of the former client, for the log; empty for nothing
     * @param idleSessionTimeoutMs after which the server ends the session when it is idle; 0 for never
     */
    record Answer(String leftover, long idleSessionTimeoutMs) {}

    private FreshnessCheck() {}

    private static String when(String condition, String words) {
        return "CASE WHEN " + condition + " THEN '" + words + "' END";
    }

    /** The question. */
    static byte[] query() {
        return QUERY;
    }

    /** Reads the body of the answer's DataRow: Int16 columns, and of each its Int32 length and its bytes. */
    static Answer read(byte[] row) {
        List<String> columns = new ArrayList<>();
        try {
            ByteBuffer in = ByteBuffer.wrap(row);
            int count = in.getShort();
            for (int i = 0; i < count; i++) {
                byte[] value = new byte[Math.max(0, Math.min(in.getInt(), in.remaining()))];
                in.get(value);
                columns.add(new String(value, StandardCharsets.ISO_8859_1));
            }
        } catch (BufferUnderflowException e) {
            columns.clear();
        }
        return columns.size() == 2
                ? new Answer(columns.get(0), milliseconds(columns.get(1)))
                : new Answer("has answered something else than it was asked", 0);
    }

    /** A duration as SHOW writes it, rounded down; 0 for what is none. */
    private static long milliseconds(String setting) {
        Matcher matcher = TIME.matcher(setting.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            return 0;
        }
        long number = Long.parseLong(matcher.group(1));
        String unit = matcher.group(2);
        return unit == null
                ? number
                : switch (unit) {
                    case "us" -> number / 1_000;
                    case "s" -> number * 1_000;
                    case "min" -> number * 60_000;
                    case "h" -> number * 3_600_000;
                    case "d" -> number * 86_400_000;
                    default -> number;
                };
    }
}
