package dev.pgproxy.adminworker.sql;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Functions with which clients query the catalog. The engine calls them, with null for null. Many concern things that do not exist here,
 * such as comments and defaults, and return null.
 */
public final class CatalogFunctions {

    /** Names in SQL, and the methods that implement them. */
    static final Map<String, String> FUNCTIONS = Map.ofEntries(
            Map.entry("format_type", "formatType"),
            Map.entry("pg_get_userbyid", "userById"),
            Map.entry("pg_encoding_to_char", "encoding"),
            Map.entry("pg_table_is_visible", "tableIsVisible"),
            Map.entry("pg_type_is_visible", "isVisible"),
            Map.entry("pg_function_is_visible", "isVisible"),
            Map.entry("pg_is_other_temp_schema", "no"),
            Map.entry("pg_relation_is_publishable", "no"),
            Map.entry("pg_get_expr", "nothing"),
            Map.entry("obj_description", "nothing"),
            Map.entry("col_description", "nothing"),
            Map.entry("shobj_description", "nothing"),
            Map.entry("pg_get_constraintdef", "nothing"),
            Map.entry("pg_get_indexdef", "nothing"),
            Map.entry("pg_get_viewdef", "nothing"),
            Map.entry("pg_get_ruledef", "nothing"),
            Map.entry("pg_get_triggerdef", "nothing"),
            Map.entry("pg_get_partkeydef", "nothing"),
            Map.entry("pg_get_function_result", "nothing"),
            Map.entry("pg_get_function_arguments", "nothing"),
            Map.entry("pg_get_function_identity_arguments", "nothing"),
            Map.entry("pg_get_serial_sequence", "nothing"),
            Map.entry("pg_tablespace_location", "nothing"),
            Map.entry("pg_relation_size", "noBytes"),
            Map.entry("pg_table_size", "noBytes"),
            Map.entry("pg_indexes_size", "noBytes"),
            Map.entry("pg_total_relation_size", "noBytes"),
            Map.entry("pg_database_size", "noBytes"),
            Map.entry("has_table_privilege", "mayRead"),
            Map.entry("has_any_column_privilege", "mayRead"),
            Map.entry("has_schema_privilege", "mayRead"),
            Map.entry("has_database_privilege", "mayRead"),
            Map.entry("current_schemas", "currentSchemas"),
            Map.entry("quote_ident", "quoteIdent"),
            Map.entry("parse_ident", "parseIdent"),
            Map.entry("string_to_array", "stringToArray"),
            Map.entry("array_lower", "arrayLower"),
            Map.entry("array_upper", "arrayUpper"),
            Map.entry("array_length", "arrayUpper"),
            Map.entry("to_regclass", "toRegclass"));

    private static final Pattern PLAIN_NAME = Pattern.compile("[a-z_][a-z0-9_$]*");
    private static final Pattern PART_OF_NAME = Pattern.compile("\\s*(?:\"((?:[^\"]|\"\")+)\"|([\\w$]+))\\s*(\\.?)");
    private static final Set<String> READING = Set.of("SELECT", "USAGE", "CONNECT");
    private static final int UTF8 = 6;
    private static final long OWNER = 10;
    private static final int MAX_ELEMENTS = 10_000;

    private CatalogFunctions() {}

    /** The SQL name of a type. */
    public static @Nullable String formatType(@Nullable Long oid, @Nullable Integer modifier) {
        if (oid == null) {
            return null;
        }
        String name = CatalogType.format(oid);
        return name == null ? "???" : name;
    }

    public static @Nullable String userById(@Nullable Long oid) {
        return oid == null ? null : oid == OWNER ? Settings.OWNER : "unknown (OID=" + oid + ")";
    }

    public static @Nullable String encoding(@Nullable Integer number) {
        return number == null ? null : number == UTF8 ? "UTF8" : "";
    }

    public static @Nullable Boolean tableIsVisible(@Nullable Long oid) {
        return oid == null ? null : CatalogRows.isVisible(oid);
    }

    public static @Nullable Boolean isVisible(@Nullable Long oid) {
        return oid == null ? null : true;
    }

    public static Boolean no(@Nullable String of) {
        return false;
    }

    public static @Nullable String nothing(@Nullable String of) {
        return null;
    }

    public static @Nullable String nothing(@Nullable String of, @Nullable String more) {
        return null;
    }

    public static @Nullable String nothing(@Nullable String of, @Nullable String more, @Nullable Boolean pretty) {
        return null;
    }

    /** The tables are made on request and take no space. */
    public static Long noBytes(@Nullable String of) {
        return 0L;
    }

    /** Whether a privilege is granted; it is granted on everything or on nothing. */
    public static @Nullable Boolean mayRead(@Nullable String of, @Nullable String privilege) {
        return privilege == null
                ? null
                : Arrays.stream(privilege.toUpperCase(Locale.ROOT).split(","))
                        .anyMatch(each -> READING.contains(each.strip()));
    }

    public static @Nullable Boolean mayRead(@Nullable String who, @Nullable String of, @Nullable String privilege) {
        return mayRead(of, privilege);
    }

    /** The search path, with pg_catalog if implicit schemas are wanted. */
    public static String[] currentSchemas(@Nullable Boolean implicit) {
        return Boolean.TRUE.equals(implicit)
                ? new String[] {CatalogTables.PG_CATALOG, Settings.PUBLIC}
                : new String[] {Settings.PUBLIC};
    }

    public static @Nullable String quoteIdent(@Nullable String name) {
        return name == null || PLAIN_NAME.matcher(name).matches() ? name : '"' + name.replace("\"", "\"\"") + '"';
    }

    /** The parts of a dotted name, each with or without quotes. */
    public static String @Nullable [] parseIdent(@Nullable String name) throws SQLException {
        if (name == null) {
            return null;
        }
        List<String> parts = new ArrayList<>();
        Matcher part = PART_OF_NAME.matcher(name);
        int at = 0;
        while (part.find(at) && part.start() == at) {
            parts.add(
                    part.group(1) == null
                            ? part.group(2).toLowerCase(Locale.ROOT)
                            : part.group(1).replace("\"\"", "\""));
            at = part.end();
            if (at == name.length() && part.group(3).isEmpty()) {
                return parts.toArray(new String[0]);
            }
        }
        throw new SQLException("string is not a valid identifier: \"" + name + "\"", SqlStates.INVALID_PARAMETER_VALUE);
    }

    public static @Nullable String @Nullable [] stringToArray(@Nullable String text, @Nullable String delimiter) {
        if (text == null) {
            return null;
        }
        if (delimiter == null || delimiter.isEmpty() || text.isEmpty()) {
            return text.isEmpty() ? new @Nullable String[0] : new @Nullable String[] {text};
        }
        return text.split(Pattern.quote(delimiter), MAX_ELEMENTS);
    }

    public static @Nullable Integer arrayLower(@Nullable String @Nullable [] array, @Nullable Integer dimension) {
        return isEmpty(array, dimension) ? null : 1;
    }

    public static @Nullable Integer arrayUpper(@Nullable String @Nullable [] array, @Nullable Integer dimension) {
        return array == null || isEmpty(array, dimension) ? null : array.length;
    }

    private static boolean isEmpty(@Nullable String @Nullable [] array, @Nullable Integer dimension) {
        return array == null || array.length == 0 || dimension == null || dimension != 1;
    }

    /** The numbers from one to another. */
    public static @Nullable Long @Nullable [] series(@Nullable Long first, @Nullable Long last) throws SQLException {
        if (first == null || last == null) {
            return null;
        }
        long count = last < first ? 0 : last - first + 1;
        if (last >= first && (count < 1 || count > MAX_ELEMENTS)) {
            throw new SQLException(
                    "generate_series() returns at most " + MAX_ELEMENTS + " rows in pg_proxy",
                    SqlStates.PROGRAM_LIMIT_EXCEEDED);
        }
        List<@Nullable Long> numbers = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            numbers.add(first + i);
        }
        return numbers.toArray(new @Nullable Long[0]);
    }

    private static String unqualified(String name) {
        return name.substring(name.lastIndexOf('.') + 1).replace("\"", "");
    }

    private static @Nullable Long number(String text) {
        try {
            return Long.valueOf(text.strip());
        } catch (NumberFormatException e) {
            return null; // A name.
        }
    }

    /** A cast to regclass: the OID of a table. */
    public static @Nullable Long regclass(@Nullable String name) throws SQLException {
        Long oid = toRegclass(name);
        if (oid == null && name != null) {
            throw new SQLException("relation \"" + name + "\" does not exist", SqlStates.UNDEFINED_TABLE);
        }
        return oid;
    }

    public static @Nullable Long toRegclass(@Nullable String name) {
        if (name == null) {
            return null;
        }
        Long number = number(name);
        return number == null ? CatalogRows.oidOf(unqualified(name)) : number;
    }

    /** A cast to regclass and then to text. */
    public static @Nullable String regclassName(@Nullable String name) throws SQLException {
        Long oid = regclass(name);
        if (oid == null) {
            return null;
        }
        String known = CatalogRows.nameOf(oid);
        return known == null ? oid.toString() : known;
    }

    /** A cast to regtype: the name for an OID, to be shown, and the OID for a name, to be compared. */
    public static @Nullable String regtype(@Nullable String name) throws SQLException {
        if (name == null) {
            return null;
        }
        Long number = number(name);
        if (number != null) {
            String known = CatalogType.format(number);
            return known == null ? number.toString() : known;
        }
        Long oid = CatalogType.oidOf(unqualified(name).toLowerCase(Locale.ROOT));
        if (oid == null) {
            throw new SQLException("type \"" + name + "\" does not exist", SqlStates.UNDEFINED_OBJECT);
        }
        return oid.toString();
    }

    /** A cast to regproc: the functions of types are known by name here. */
    public static @Nullable String regproc(@Nullable String name) {
        return name == null ? null : unqualified(name);
    }

    /** A cast to regnamespace. */
    public static @Nullable String regnamespace(@Nullable String name) {
        Long number = name == null ? null : number(name);
        String known = number == null ? null : CatalogRows.namespaceOf(number);
        return known == null ? name : known;
    }
}
