package dev.pgproxy.adminworker.sql;

import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The types that a statement may cast to. The engine has others: some hold arbitrary bytes that a client sends, even as Java objects, and
 * in some a few characters denote a number of a billion digits.
 */
final class Types {

    /** Passed on as they are. A type of two words begins with one of these. */
    private static final Set<String> PLAIN = Set.of(
            "bigint",
            "bool",
            "boolean",
            "char",
            "character",
            "date",
            "double",
            "float",
            "float4",
            "float8",
            "int",
            "int2",
            "int4",
            "int8",
            "integer",
            "interval",
            "real",
            "smallint",
            "text",
            "time",
            "timestamp",
            "name",
            "oid",
            "timestamptz",
            "varchar");

    /** Cast by way of double precision, which has no number of more than 309 digits. */
    private static final Set<String> EXACT = Set.of("numeric", "decimal");

    /** PostgreSQL's names of types that the engine names differently. */
    private static final Map<String, String> SPELLINGS =
            Map.of("timestamptz", "timestamp with time zone", "name", "varchar", "oid", "bigint");

    private Types() {}

    static boolean isPlain(String name) {
        return PLAIN.contains(name.toLowerCase(Locale.ROOT));
    }

    static boolean isExact(String name) {
        return EXACT.contains(name.toLowerCase(Locale.ROOT));
    }

    /** The engine's name of a type. */
    static String spelled(String name) {
        return SPELLINGS.getOrDefault(name.toLowerCase(Locale.ROOT), name);
    }
}
