package dev.pgproxy.adminworker.sql;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The functions that statements may use: only those that compute something small from their arguments. None reads a file, changes anything,
 * waits, or makes a large result from little input. All other functions of the engine are refused by name.
 */
final class Functions {

    private static final Set<String> ALLOWED = Set.of(
            "abs",
            "any_value",
            "array_agg",
            "avg",
            "bool_and",
            "bool_or",
            "btrim",
            "ceil",
            "ceiling",
            "char_length",
            "character_length",
            "coalesce",
            "concat",
            "concat_ws",
            "count",
            "date_trunc",
            "dense_rank",
            "every",
            "extract",
            "first_value",
            "floor",
            "greatest",
            "lag",
            "last_value",
            "lead",
            "least",
            "left",
            "length",
            "lower",
            "ltrim",
            "max",
            "median",
            "min",
            "mod",
            "mode",
            "now",
            "ntile",
            "nullif",
            "octet_length",
            "percent_rank",
            "percentile_cont",
            "percentile_disc",
            "position",
            "power",
            "rank",
            "replace",
            "right",
            "round",
            "row_number",
            "rtrim",
            "sign",
            "sqrt",
            "stddev",
            "stddev_pop",
            "stddev_samp",
            "string_agg",
            "substr",
            "substring",
            "sum",
            "to_char",
            "trim",
            "trunc",
            "upper",
            "var_pop",
            "var_samp",
            "variance");

    /** Words before a parenthesis that are not functions, besides those that begin an operand there. */
    private static final Set<String> KEYWORDS = Set.of(
            "array",
            "cast",
            "cross",
            "filter",
            "group",
            "inner",
            "join",
            "lateral",
            "materialized",
            "order",
            "outer",
            "partition",
            "row",
            "with",
            "within",
            // Types with a length or a precision.
            "char",
            "character",
            "decimal",
            "float",
            "numeric",
            "time",
            "timestamp",
            "varchar",
            "varying");

    /** Functions without arguments about the session, with the setting that answers each. */
    private static final Map<String, String> ABOUT_THE_SESSION = Map.of(
            "version", Settings.VERSION,
            "current_database", Settings.DATABASE,
            "current_catalog", Settings.DATABASE,
            "current_schema", Settings.SCHEMA,
            "pg_backend_pid", Settings.BACKEND_PID,
            "pg_is_in_recovery", Settings.IN_RECOVERY);

    /** Words that stand for such a function without parentheses. */
    private static final Map<String, String> SESSION_KEYWORDS = Map.of(
            "current_catalog", Settings.DATABASE,
            "current_schema", Settings.SCHEMA,
            "current_user", Settings.USER,
            "current_role", Settings.USER,
            "session_user", Settings.USER,
            "user", Settings.USER);

    private Functions() {}

    /** The setting that a keyword returns; null for other words. */
    static @Nullable String sessionKeyword(String word) {
        return SESSION_KEYWORDS.get(word);
    }

    /** Whether an unquoted word is part of the statement's syntax and not a name. */
    static boolean isKeyword(String word) {
        return KEYWORDS.contains(word) || Operand.isKeyword(word);
    }

    static boolean isAllowed(String name) {
        return ALLOWED.contains(name) || KEYWORDS.contains(name) || Operand.NO_FUNCTIONS.contains(name);
    }

    /** The setting that a function without arguments returns; null for other functions. */
    static @Nullable String setting(String name) {
        return ABOUT_THE_SESSION.get(name);
    }
}
