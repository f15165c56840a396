package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.view.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What is in the tables of {@link CatalogTables}: the tables of pg_proxy as tables of PostgreSQL, one database, one role. It never changes. */
final class CatalogRows {

    private static final String NAME = "pg_proxy";
    private static final String PUBLIC = "public";
    private static final long OWNER = 10;
    private static final long CATALOG_NAMESPACE = 11;
    private static final long PUBLIC_NAMESPACE = 2_200;
    private static final long INFORMATION_NAMESPACE = 13_000;
    private static final long HEAP = 2;
    private static final long BTREE = 403;
    private static final long DEFAULT_TABLESPACE = 1_663;
    private static final long DEFAULT_COLLATION = 100;
    private static final int UTF8 = 6;
    private static final long DATABASE = 16_383;

    /** The number of a table of pg_proxy, of which its code is added. */
    private static final long FIRST_VIEW = 16_384;

    private static final long FIRST_SYSTEM_TABLE = 12_000;

    /** Numbers that clients know. */
    private static final Map<String, Long> WELL_KNOWN = Map.of(
            "pg_type", 1_247L,
            "pg_attribute", 1_249L,
            "pg_proc", 1_255L,
            "pg_class", 1_259L,
            "pg_database", 1_262L,
            "pg_namespace", 2_615L,
            "pg_extension", 3_079L);

    private static final Map<String, String> SETTINGS = Map.of(
            "max_index_keys", "32",
            "max_identifier_length", "63",
            "server_encoding", "UTF8",
            "server_version_num", "150000",
            "standard_conforming_strings", "on",
            "TimeZone", "UTC");

    /** Of PostgreSQL's own, that SQL does not have. */
    private static final List<String> KEYWORDS = List.of(
            "analyse",
            "analyze",
            "asc",
            "concurrently",
            "deferrable",
            "desc",
            "freeze",
            "ilike",
            "initially",
            "isnull",
            "limit",
            "notnull",
            "offset",
            "placing",
            "returning",
            "variadic");

    /** A table as clients see it, be it one of pg_proxy's or one of the catalog. */
    private record Relation(long oid, String name, String schema, long namespace, List<Field> fields) {}

    private record Field(String name, CatalogType type) {}

    private static final List<Relation> RELATIONS = relations();

    private final Map<String, CatalogTables.Table> tables = new HashMap<>();
    private final Map<String, List<@Nullable Object[]>> rows = new LinkedHashMap<>();

    private CatalogRows() {
        CatalogTables.all().forEach(table -> tables.put(table.engineName(), table));
        addNamespace(CATALOG_NAMESPACE, CatalogTables.PG_CATALOG);
        addNamespace(PUBLIC_NAMESPACE, PUBLIC);
        addNamespace(INFORMATION_NAMESPACE, CatalogTables.INFORMATION_SCHEMA);
        RELATIONS.forEach(this::addRelation);
        for (CatalogType type : CatalogType.values()) {
            addType(type);
        }
        add("pg_am", "oid", HEAP, "amname", "heap", "amtype", "t");
        add("pg_am", "oid", BTREE, "amname", "btree", "amtype", "i");
        add("pg_tablespace", "oid", DEFAULT_TABLESPACE, "spcname", "pg_default", "spcowner", OWNER);
        add("pg_collation", "oid", DEFAULT_COLLATION, "collname", "default", "collnamespace", CATALOG_NAMESPACE);
        addDatabaseAndRole();
        SETTINGS.forEach((name, value) -> add(
                "pg_settings",
                "name",
                name,
                "setting",
                value,
                "context",
                "internal",
                "vartype",
                "string",
                "source",
                "default",
                "pending_restart",
                false));
        KEYWORDS.forEach(word -> add("pg_get_keywords", "word", word, "catcode", "U", "catdesc", "unreserved"));
    }

    /** By what the engine calls the table, in the order of its columns. */
    static Map<String, List<@Nullable Object[]>> all() {
        return new CatalogRows().rows;
    }

    /** The number of a table; null when there is none of this name. */
    static @Nullable Long oidOf(String name) {
        Relation relation = relation(table -> table.name().equals(name));
        return relation == null ? null : relation.oid();
    }

    /** The name of a table; null when there is none of this number. */
    static @Nullable String nameOf(long oid) {
        Relation relation = relation(table -> table.oid() == oid);
        return relation == null ? null : relation.name();
    }

    /** Whether a table is found without naming its schema; null when there is none of this number. */
    static @Nullable Boolean isVisible(long oid) {
        Relation relation = relation(table -> table.oid() == oid);
        return relation == null ? null : relation.namespace() != INFORMATION_NAMESPACE;
    }

    private static @Nullable Relation relation(Predicate<Relation> wanted) {
        return RELATIONS.stream().filter(wanted).findFirst().orElse(null);
    }

    /** The name of a schema; null when there is none of this number. */
    static @Nullable String namespaceOf(long oid) {
        return oid == PUBLIC_NAMESPACE
                ? PUBLIC
                : oid == CATALOG_NAMESPACE
                        ? CatalogTables.PG_CATALOG
                        : oid == INFORMATION_NAMESPACE ? CatalogTables.INFORMATION_SCHEMA : null;
    }

    private static List<Relation> relations() {
        List<Relation> relations = new ArrayList<>();
        for (View view : View.values()) {
            List<Field> fields = view.columns().stream()
                    .map(column -> new Field(
                            column.name(), CatalogType.valueOf(column.type().name())))
                    .toList();
            relations.add(new Relation(FIRST_VIEW + view.code(), view.tableName(), PUBLIC, PUBLIC_NAMESPACE, fields));
        }
        long next = FIRST_SYSTEM_TABLE;
        for (CatalogTables.Table table : CatalogTables.all()) {
            boolean isCatalog = table.schema().equals(CatalogTables.PG_CATALOG);
            List<Field> fields = table.columns().stream()
                    .map(column -> new Field(column.name(), column.type().type()))
                    .toList();
            relations.add(new Relation(
                    isCatalog && WELL_KNOWN.containsKey(table.name()) ? WELL_KNOWN.get(table.name()) : next++,
                    table.name(),
                    table.schema(),
                    isCatalog ? CATALOG_NAMESPACE : INFORMATION_NAMESPACE,
                    fields));
        }
        return List.copyOf(relations);
    }

    /** A row of a table of pg_catalog: names of columns, each with its value. Others are null. */
    private void add(String table, Object... values) {
        addTo(CatalogTables.PG_CATALOG, table, values);
    }

    private void addTo(String schema, String name, Object... values) {
        String key = CatalogTables.engineSchema(schema) + '.' + name;
        CatalogTables.Table table = tables.get(key);
        if (table == null) {
            throw new IllegalStateException("no table " + key);
        }
        List<String> names =
                table.columns().stream().map(CatalogTables.Column::name).toList();
        @Nullable Object[] row = new @Nullable Object[names.size()];
        for (int i = 0; i + 1 < values.length; i += 2) {
            row[names.indexOf((String) values[i])] = values[i + 1];
        }
        rows.computeIfAbsent(key, ignored -> new ArrayList<>()).add(row);
    }

    private void addNamespace(long oid, String name) {
        add("pg_namespace", "oid", oid, "nspname", name, "nspowner", OWNER);
        addTo(
                CatalogTables.INFORMATION_SCHEMA,
                "schemata",
                "catalog_name",
                NAME,
                "schema_name",
                name,
                "schema_owner",
                NAME);
    }

    private void addRelation(Relation relation) {
        boolean isOurs = relation.namespace() == PUBLIC_NAMESPACE;
        add(
                "pg_class",
                "oid",
                relation.oid(),
                "relname",
                relation.name(),
                "relnamespace",
                relation.namespace(),
                "reltype",
                0L,
                "reloftype",
                0L,
                "relowner",
                OWNER,
                "relam",
                HEAP,
                "relfilenode",
                0L,
                "reltablespace",
                0L,
                "relpages",
                0,
                "reltuples",
                -1f,
                "relallvisible",
                0,
                "reltoastrelid",
                0L,
                "relhasindex",
                false,
                "relisshared",
                false,
                "relpersistence",
                "p",
                "relkind",
                isOurs ? "r" : "v",
                "relnatts",
                relation.fields().size(),
                "relchecks",
                0,
                "relhasrules",
                false,
                "relhastriggers",
                false,
                "relhassubclass",
                false,
                "relrowsecurity",
                false,
                "relforcerowsecurity",
                false,
                "relispopulated",
                true,
                "relreplident",
                "d",
                "relispartition",
                false,
                "relrewrite",
                0L);
        addTo(
                CatalogTables.INFORMATION_SCHEMA,
                "tables",
                "table_catalog",
                NAME,
                "table_schema",
                relation.schema(),
                "table_name",
                relation.name(),
                "table_type",
                isOurs ? "BASE TABLE" : "VIEW",
                "is_insertable_into",
                "NO",
                "is_typed",
                "NO");
        if (isOurs) {
            add(
                    "pg_tables",
                    "schemaname",
                    PUBLIC,
                    "tablename",
                    relation.name(),
                    "tableowner",
                    NAME,
                    "hasindexes",
                    false,
                    "hasrules",
                    false,
                    "hastriggers",
                    false,
                    "rowsecurity",
                    false);
        }
        int number = 1;
        for (Field field : relation.fields()) {
            addColumn(relation, field, number++);
        }
    }

    private void addColumn(Relation relation, Field field, int number) {
        add(
                "pg_attribute",
                "attrelid",
                relation.oid(),
                "attname",
                field.name(),
                "atttypid",
                field.type().oid(),
                "attstattarget",
                -1,
                "attlen",
                field.type().bytes(),
                "attnum",
                number,
                "attndims",
                0,
                "attcacheoff",
                -1,
                "atttypmod",
                -1,
                "attbyval",
                field.type().bytes() > 0,
                "attalign",
                "i",
                "attstorage",
                "p",
                "attcompression",
                "",
                "attnotnull",
                false,
                "atthasdef",
                false,
                "atthasmissing",
                false,
                "attidentity",
                "",
                "attgenerated",
                "",
                "attisdropped",
                false,
                "attislocal",
                true,
                "attinhcount",
                0,
                "attcollation",
                0L);
        addTo(
                CatalogTables.INFORMATION_SCHEMA,
                "columns",
                "table_catalog",
                NAME,
                "table_schema",
                relation.schema(),
                "table_name",
                relation.name(),
                "column_name",
                field.name(),
                "ordinal_position",
                number,
                "is_nullable",
                "YES",
                "data_type",
                field.type().sqlName(),
                "udt_catalog",
                NAME,
                "udt_schema",
                CatalogTables.PG_CATALOG,
                "udt_name",
                field.type().typeName(),
                "dtd_identifier",
                Integer.toString(number),
                "is_self_referencing",
                "NO",
                "is_identity",
                "NO",
                "is_generated",
                "NEVER",
                "is_updatable",
                "NO");
    }

    private void addType(CatalogType type) {
        addType(type.oid(), type.typeName(), type.bytes(), type.category(), 0, type.arrayOid());
        addType(type.arrayOid(), "_" + type.typeName(), -1, "A", type.oid(), 0);
    }

    private void addType(long oid, String name, int bytes, String category, long element, long array) {
        add(
                "pg_type",
                "oid",
                oid,
                "typname",
                name,
                "typnamespace",
                CATALOG_NAMESPACE,
                "typowner",
                OWNER,
                "typlen",
                bytes,
                "typbyval",
                bytes > 0,
                "typtype",
                "b",
                "typcategory",
                category,
                "typispreferred",
                false,
                "typisdefined",
                true,
                "typdelim",
                ",",
                "typrelid",
                0L,
                "typelem",
                element,
                "typarray",
                array,
                "typinput",
                element == 0 ? name + "in" : "array_in",
                "typoutput",
                element == 0 ? name + "out" : "array_out",
                "typalign",
                "i",
                "typstorage",
                "p",
                "typnotnull",
                false,
                "typbasetype",
                0L,
                "typtypmod",
                -1,
                "typndims",
                0,
                "typcollation",
                0L);
    }

    private void addDatabaseAndRole() {
        add(
                "pg_database",
                "oid",
                DATABASE,
                "datname",
                NAME,
                "datdba",
                OWNER,
                "encoding",
                UTF8,
                "datlocprovider",
                "c",
                "datistemplate",
                false,
                "datallowconn",
                true,
                "datconnlimit",
                -1,
                "dattablespace",
                DEFAULT_TABLESPACE,
                "datcollate",
                "C",
                "datctype",
                "C");
        add(
                "pg_roles",
                "oid",
                OWNER,
                "rolname",
                NAME,
                "rolsuper",
                false,
                "rolinherit",
                true,
                "rolcreaterole",
                false,
                "rolcreatedb",
                false,
                "rolcanlogin",
                true,
                "rolreplication",
                false,
                "rolconnlimit",
                -1,
                "rolbypassrls",
                false);
        add(
                "pg_user",
                "usename",
                NAME,
                "usesysid",
                OWNER,
                "usecreatedb",
                false,
                "usesuper",
                false,
                "userepl",
                false,
                "usebypassrls",
                false);
    }
}
