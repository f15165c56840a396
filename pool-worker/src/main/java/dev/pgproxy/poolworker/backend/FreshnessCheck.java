package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.protocol.FrontendMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What the server is asked after DISCARD ALL: whether the former client left anything that DISCARD ALL does not undo, as far as a
 * catalog or a function shows it. What a client's own queries show is noted as they pass; docs/pooling.md lists what nothing shows.
 *
 * <p>The question runs with the privileges of the pool's user, in a session whose search_path others may have
 * chosen: every name and operator in it is qualified, and it calls nothing that another user can define.
 */
final class FreshnessCheck {

    /** The tag of the answer: always one row. */
    static final String TAG = "SELECT 1";

    private static final String TEMPORARY_SLOT = """
            EXISTS (SELECT FROM pg_catalog.pg_get_replication_slots() AS s
              WHERE s.temporary AND s.active_pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid())\
            """;

    /**
     * Servers without the fix for CVE-2024-10978 lose it. A role that the session's user may not assume is not set
     * in a new session either.
     */
    private static final String ROLE_SETTING = """
            pg_catalog.current_setting('role') OPERATOR(pg_catalog.=) 'none' AND EXISTS (
              SELECT FROM pg_catalog.pg_db_role_setting AS s
              WHERE pg_catalog.array_to_string(s.setconfig, ' ') COLLATE pg_catalog."C" OPERATOR(pg_catalog.~~*) '%role=%')
            AND\s""" + seldom("""
            EXISTS (
              SELECT FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS c, pg_catalog.pg_roles AS g
              WHERE (s.setrole OPERATOR(pg_catalog.=) 0::pg_catalog.oid OR s.setrole OPERATOR(pg_catalog.=) (
                SELECT r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname OPERATOR(pg_catalog.=) session_user))
              AND (s.setdatabase OPERATOR(pg_catalog.=) 0::pg_catalog.oid OR s.setdatabase OPERATOR(pg_catalog.=) (
                SELECT d.oid FROM pg_catalog.pg_database AS d
                WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))
              AND c OPERATOR(pg_catalog.~~*) 'role=%' AND pg_catalog.substr(c, 6) OPERATOR(pg_catalog.=) g.rolname::pg_catalog.text
              AND pg_catalog.pg_has_role(g.oid, 'MEMBER'))""");

    /** Runs a query text, since the function does not exist everywhere; only superusers can create one with this library. */
    private static final String DBLINK = """
            EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE p.proname OPERATOR(pg_catalog.=) 'dblink_get_connections'
              AND CASE
                WHEN p.prolang OPERATOR(pg_catalog.=) 13::pg_catalog.oid
                  AND p.probin OPERATOR(pg_catalog.=) '$libdir/dblink'
                  AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')
                  AND pg_catalog.has_schema_privilege(p.pronamespace, 'USAGE')
                THEN pg_catalog.query_to_xml(pg_catalog.concat('SELECT ', p.pronamespace::pg_catalog.regnamespace,
                  '.dblink_get_connections() IS NOT NULL AS any'), true, true, '')::pg_catalog.text
                  OPERATOR(pg_catalog.~~) '%>true<%'
                ELSE false
              END)\
            """;

    private static final String SHARING = "'^(plperlu?|pltclu?|plpython[23]?u|plv8|pllua|plr)$'";

    /**
     * Whether a language whose functions share session variables is loaded, as PostgreSQL 18 reports, or as the language's settings
     * show in older versions. The query texts that are run are constants: a language can have any name that its owner gives it.
     */
    private static final String LANGUAGES = "EXISTS (SELECT FROM pg_catalog.pg_language AS l WHERE l.lanname"
            + " OPERATOR(pg_catalog.~) " + SHARING + ") AND CASE"
            + " WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 OPERATOR(pg_catalog.>=) 180000 THEN "
            + seldom(isUsedAnd("""
                    pg_catalog.pg_get_loaded_modules() AS m
                    WHERE m.file_name OPERATOR(pg_catalog.~) '^(plperl|pltcl|plpython|plv8|pllua|plr)'"""))
            + " ELSE "
            + seldom(isUsedAnd("""
                    pg_catalog.pg_settings AS s WHERE s.name OPERATOR(pg_catalog.=) 'plperl.use_strict'
                    OR s.name OPERATOR(pg_catalog.=) 'pltcl.start_proc'"""))
            + " END";

    /**
     * The names of parameters that functions set, as far as their source and settings show them, separated by spaces. Long sources
     * are skipped to save time. Parameters that may exist, and be empty, in a new session are left out: those that an extension
     * defines, and those that ALTER ROLE or ALTER DATABASE sets. No backslashes: a database may interpret them differently.
     */
    private static final String NAMES = """
            pg_catalog.array_to_string(ARRAY(
              SELECT DISTINCT pg_catalog.lower(m[1]) FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n
                  ON p.pronamespace OPERATOR(pg_catalog.=) n.oid,
                pg_catalog.regexp_matches(
                  pg_catalog.concat(p.prosrc, ' SET ', pg_catalog.array_to_string(p.proconfig, ' SET ')),
                  '(?:set_config[[:space:]]*[(][[:space:]]*''|(?:^|[^[:alnum:]_])set[[:space:]]+(?:(?:session|local)[[:space:]]+)?)'
                    '([a-z_][a-z0-9_$]*(?:[.][a-z_][a-z0-9_$]*)+)', 'gi') AS m
              WHERE n.nspname::pg_catalog.text OPERATOR(pg_catalog.!~) '^(pg_catalog$|information_schema$|pg_temp_|pg_toast)'
                AND pg_catalog.octet_length(p.prosrc) OPERATOR(pg_catalog.<) 65536
                AND pg_catalog.octet_length(m[1]) OPERATOR(pg_catalog.<=) %d
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_settings AS s
                  WHERE pg_catalog.lower(s.name) OPERATOR(pg_catalog.=) pg_catalog.lower(m[1]))
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS c
                  WHERE pg_catalog.lower(pg_catalog.split_part(c, '=', 1)) OPERATOR(pg_catalog.=) pg_catalog.lower(m[1]))
              ORDER BY 1 LIMIT %d), ' ')\
            """.formatted(CustomParameters.MAX_NAME_CHARS, CustomParameters.MAX_NAMES);

    private static final List<String> CONDITIONS = List.of(
            when(TEMPORARY_SLOT, "has a temporary replication slot"),
            when(ROLE_SETTING, "has lost what ALTER ROLE ... SET role says"),
            when(DBLINK, "has a connection of dblink open"),
            when(LANGUAGES, "has called functions that may share variables"));

    private static final Pattern TIME = Pattern.compile("(\\d{1,9})(us|ms|s|min|h|d)?");

    /**
     * The answer.
     *
     * @param leftover what is left of the former client, for the log; empty for nothing
     * @param idleSessionTimeoutMs idle time after which the server ends the session; 0 for never
     * @param names of parameters that functions set, separated by spaces; empty when they were not asked for
     */
    record Answer(String leftover, long idleSessionTimeoutMs, Optional<String> names) {

        Answer withLeftover(String other) {
            return new Answer(other, idleSessionTimeoutMs, names);
        }
    }

    private FreshnessCheck() {}

    /** Whether such a language has functions, and there are such rows. */
    private static String isUsedAnd(String rows) {
        return "EXISTS (SELECT FROM pg_catalog.pg_language AS l JOIN pg_catalog.pg_proc AS p"
                + " ON p.prolang OPERATOR(pg_catalog.=) l.oid WHERE l.lanname OPERATOR(pg_catalog.~) " + SHARING
                + ") AND EXISTS (SELECT FROM " + rows + ")";
    }

    /**
     * A condition as a query text that is parsed and planned only when it is reached: for what hardly any database has, that would be most
     * of the question's cost.
     */
    private static String seldom(String condition) {
        return "pg_catalog.query_to_xml('SELECT true AS any WHERE " + condition.replace("'", "''")
                + "', true, true, '')" + "::pg_catalog.text OPERATOR(pg_catalog.~~) '%>true<%'";
    }

    private static String when(String condition, String words) {
        return "CASE WHEN " + condition + " THEN '" + words + "' END";
    }

    /**
     * The question.
     *
     * @param parameters custom parameters that a new session does not have
     * @param asksNames whether to ask which custom parameters functions set
     */
    static byte[] query(Set<String> parameters, boolean asksNames) {
        List<String> conditions = new ArrayList<>(CONDITIONS);
        if (!parameters.isEmpty()) {
            // Once set, it is empty after a reset, and not null as before.
            conditions.add(when(
                    parameters.stream()
                            .map(name -> "pg_catalog.current_setting('" + name + "', true) OPERATOR(pg_catalog.=) ''")
                            .collect(Collectors.joining(" OR ")),
                    "has set parameters of the application''s own in a function"));
        }
        return FrontendMessage.query("SELECT /* pgproxy */ pg_catalog.concat_ws(', ', " + String.join(", ", conditions)
                + "), pg_catalog.current_setting('idle_session_timeout', true)" + (asksNames ? ", " + NAMES : ""));
    }

    /** Reads the body of the answer's DataRow. */
    static Answer read(byte[] row) {
        List<String> columns = MessageCopies.columns(row);
        return columns.size() == 2 || columns.size() == 3
                ? new Answer(
                        columns.get(0),
                        milliseconds(columns.get(1)),
                        columns.size() == 3 ? Optional.of(columns.get(2)) : Optional.empty())
                : new Answer("gave an unexpected answer", 0, Optional.empty());
    }

    /** A duration as SHOW writes it, rounded down; 0 when it is not a duration. */
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
