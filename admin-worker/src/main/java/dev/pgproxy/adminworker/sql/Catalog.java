package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.view.Column;
import dev.pgproxy.common.view.View;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Answers psql's own questions about the system catalog ({@code \d}, {@code \dt}, {@code \l}, completion), which always name pg_catalog. Those
 * it knows get the tables of pg_proxy, further ones about details get no rows: there are no indexes, no policies, no other databases.
 */
final class Catalog {

    /** A table's number in the answers; its columns are asked for by it. */
    private static final int FIRST_OID = 16_384;

    private static final Pattern BY_OID = Pattern.compile("=\\s*'(\\d{1,9})'");
    private static final Pattern BY_NAME = Pattern.compile(
            "relname\\s+OPERATOR\\(pg_catalog\\.~\\)\\s+'\\^\\(([^']*)\\)\\$'", Pattern.CASE_INSENSITIVE);
    private static final Pattern BY_PREFIX =
            Pattern.compile("(?:LIKE\\s+'([^']*)%'|substring\\([^)]*\\)?,1,\\d+\\)='([^']*)')");
    private static final Pattern OF_TABLE = Pattern.compile("relname\\)?\\s*=\\s*'([^']*)'");
    private static final int LONGEST_QUESTION = 20_000;

    /** In a name; more are nobody's who looks for a table. */
    private static final int MAX_WILDCARDS = 5;

    private Catalog() {}

    /** The answer; null when this is no question of that kind. */
    static Plan.@Nullable Query answer(SqlText statement) {
        String sql = statement.text();
        boolean asks = statement.verb().equals("SELECT")
                && sql.contains("pg_catalog.pg_")
                && !statement
                        .tokens()
                        .get(statement.tokens().size() > 1 ? 1 : 0)
                        .isSymbol("*"); // That is a person.
        if (!asks || sql.length() > LONGEST_QUESTION || sql.contains("pg_catalog.pg_stat_")) {
            return null;
        }
        if (!reads(sql, "pg_class") && !reads(sql, "pg_attribute") && !reads(sql, "pg_database")) {
            return isDetail(sql) ? nothing(statement) : null;
        }
        if (sql.contains("as \"Type\"") && reads(sql, "pg_class")) {
            return listOfTables(statement);
        }
        if (reads(sql, "pg_database")) {
            return databases(sql);
        }
        if (reads(sql, "pg_attribute")) {
            return sql.contains("a.attrelid = '") ? columns(sql) : columnNames(sql);
        }
        if (sql.contains("SELECT c.oid,")) {
            return tablesByName(sql);
        }
        if (sql.contains("c.relchecks")) {
            return detailsOfTable(sql);
        }
        boolean completes =
                sql.contains("c.relkind IN (") && !BY_OID.matcher(sql).find();
        return completes ? names(sql) : nothing(statement);
    }

    private static boolean reads(String sql, String table) {
        return sql.matches("(?is).*FROM\\s+pg_catalog\\." + table + "\\b.*");
    }

    private static boolean isDetail(String sql) {
        return sql.matches(
                "(?is).*FROM\\s+pg_catalog\\.pg_(policy|statistic_ext|publication|inherits|index|constraint|trigger"
                        + "|foreign_table|rewrite|namespace|roles|proc|type|language|extension|tablespace|operator|cast|collation"
                        + "|conversion|am|opclass|opfamily|event_trigger|subscription|ts_config|ts_dict|ts_parser|ts_template"
                        + "|foreign_server|foreign_data_wrapper|user_mappings|largeobject_metadata|default_acl|settings|enum|authid"
                        + "|prepared_statements|cursors|available_extensions|timezone_names|description|sequence|partitioned_table)\\b.*");
    }

    private static Plan.Query listOfTables(SqlText statement) {
        String sql = statement.text();
        boolean wantsTables = sql.contains("'r'");
        List<String> rows = new ArrayList<>();
        for (View view : wantsTables ? byName(sql) : List.<View>of()) {
            rows.add("('public', '" + view.tableName() + "', 'table', 'pg_proxy')");
        }
        return rows("\"Schema\", \"Name\", \"Type\", \"Owner\"", rows);
    }

    private static Plan.Query databases(String sql) {
        if (!sql.contains("\"Name\"")) {
            return rows("datname", List.of("('pg_proxy')"));
        }
        return rows("\"Name\", \"Owner\", \"Encoding\"", List.of("('pg_proxy', 'pg_proxy', 'UTF8')"));
    }

    private static Plan.Query tablesByName(String sql) {
        return rows(
                "oid, nspname, relname",
                byName(sql).stream()
                        .map(view -> "(" + oid(view) + ", 'public', '" + view.tableName() + "')")
                        .toList());
    }

    /** The columns of psql's question to a server from 12 on, in their order. */
    private static Plan.Query detailsOfTable(String sql) {
        return rows(
                "relchecks, relkind, relhasindex, relhasrules, relhastriggers, relrowsecurity, relforcerowsecurity, relhasoids,"
                        + " relispartition, reloptions, reltablespace, reloftype, relpersistence, relreplident, amname",
                byOid(sql).stream()
                        .map(
                                view ->
                                        "(0, 'r', false, false, false, false, false, false, false, '', 0, '', 'p', 'd', cast(NULL AS varchar))")
                        .toList());
    }

    private static Plan.Query columns(String sql) {
        StringBuilder names = new StringBuilder(
                "attname, format_type, attdefault, attnotnull, attcollation, attidentity, attgenerated");
        StringBuilder more = new StringBuilder();
        if (sql.contains("a.attstorage")) {
            names.append(", attstorage");
            more.append(", 'p'");
        }
        if (sql.contains("attcompression")) {
            names.append(", attcompression");
            more.append(", ''");
        }
        if (sql.contains("attstattarget")) {
            names.append(", attstattarget");
            more.append(", cast(NULL AS varchar)");
        }
        if (sql.contains("col_description")) {
            names.append(", description");
            more.append(", cast(NULL AS varchar)");
        }
        List<String> rows = new ArrayList<>();
        for (View view : byOid(sql)) {
            for (Column column : view.columns()) {
                rows.add(
                        "('" + column.name() + "', '" + PgType.of(column.type()).sqlName()
                                + "', cast(NULL AS varchar), false, cast(NULL AS varchar), '', ''" + more + ")");
            }
        }
        return rows(names.toString(), rows);
    }

    private static Plan.Query columnNames(String sql) {
        Matcher matcher = OF_TABLE.matcher(sql);
        String table = matcher.find() ? matcher.group(1).replace("\"", "") : "";
        String prefix = prefix(sql);
        return rows(
                "attname",
                Arrays.stream(View.values())
                        .filter(view -> view.tableName().equals(table))
                        .flatMap(view -> view.columns().stream())
                        .filter(column -> column.name().startsWith(prefix))
                        .map(column -> "('" + column.name() + "')")
                        .toList());
    }

    private static Plan.Query names(String sql) {
        String prefix = prefix(sql);
        boolean wantsTables = sql.contains("'r'");
        return rows(
                "relname",
                Arrays.stream(View.values())
                        .map(View::tableName)
                        .filter(name -> wantsTables && name.startsWith(prefix))
                        .map(name -> "('" + name + "')")
                        .toList());
    }

    private static String prefix(String sql) {
        Matcher matcher = BY_PREFIX.matcher(sql);
        if (!matcher.find()) {
            return "";
        }
        return matcher.group(1) == null ? matcher.group(2) : matcher.group(1).replace("\\", "");
    }

    /** psql turns the wildcards of its patterns into a regular expression, of which these are what it makes of {@code *} and {@code ?}. */
    private static List<View> byName(String sql) {
        Matcher matcher = BY_NAME.matcher(sql);
        if (!matcher.find()) {
            return List.of(View.values());
        }
        String pattern = matcher.group(1);
        if (pattern.split("\\.\\*", -1).length - 1 > MAX_WILDCARDS) {
            return List.of();
        }
        String literal = Arrays.stream(pattern.split("(?<=\\.\\*)|(?=\\.\\*)", -1))
                .map(part -> part.equals(".*") ? ".*" : Pattern.quote(part))
                .collect(Collectors.joining());
        return Arrays.stream(View.values())
                .filter(view -> view.tableName().matches(literal))
                .toList();
    }

    private static List<View> byOid(String sql) {
        Matcher matcher = BY_OID.matcher(sql);
        int oid = matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
        return Arrays.stream(View.values()).filter(view -> oid(view) == oid).toList();
    }

    private static int oid(View view) {
        return FIRST_OID + view.code();
    }

    private static Plan.Query nothing(SqlText statement) {
        long columns = 1;
        int depth = 0;
        for (Token token : statement.tokens()) {
            depth += token.isSymbol("(") ? 1 : token.isSymbol(")") ? -1 : 0;
            if (depth == 0 && token.isWord("from")) {
                break;
            }
            columns += depth == 0 && token.isSymbol(",") ? 1 : 0;
        }
        StringBuilder names = new StringBuilder("c1");
        for (int i = 2; i <= columns; i++) {
            names.append(", c").append(i);
        }
        return rows(names.toString(), List.of());
    }

    private static Plan.Query rows(String names, List<String> rows) {
        String sql = rows.isEmpty()
                ? "SELECT " + names.replaceAll("([^, ]+)", "cast(NULL AS varchar) AS $1") + " WHERE FALSE"
                : "SELECT * FROM (VALUES " + String.join(", ", rows) + ") AS t(" + names + ")";
        return Plan.Query.own(sql, Set.of(), "SELECT");
    }
}
