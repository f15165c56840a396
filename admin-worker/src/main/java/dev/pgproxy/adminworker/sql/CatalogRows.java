package dev.pgproxy.adminworker.sql;

import dev.pgproxy.common.view.View;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The rows of {@link CatalogTables}: the tables of pg_proxy as tables of PostgreSQL, one database, one role. They never change. */
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

    /** The OID of a table of pg_proxy is this plus its code. */
    private static final long FIRST_VIEW = 16_384;

    private static final long FIRST_SYSTEM_TABLE = 12_000;

    /** OIDs that clients know. */
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

    /** Those of PostgreSQL that standard SQL does not have. */
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

    /** A table as clients see it, of pg_proxy or of the catalog. */
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
        row(CatalogTables.PG_CATALOG, "pg_am")
                .with("oid", HEAP)
                .with("amname", "heap")
                .with("amtype", "t");
        row(CatalogTables.PG_CATALOG, "pg_am")
                .with("oid", BTREE)
                .with("amname", "btree")
                .with("amtype", "i");
        row(CatalogTables.PG_CATALOG, "pg_tablespace")
                .with("oid", DEFAULT_TABLESPACE)
                .with("spcname", "pg_default")
                .with("spcowner", OWNER);
        row(CatalogTables.PG_CATALOG, "pg_collation")
                .with("oid", DEFAULT_COLLATION)
                .with("collname", "default")
                .with("collnamespace", CATALOG_NAMESPACE);
        addDatabaseAndRole();
        SETTINGS.forEach((name, value) -> row(CatalogTables.PG_CATALOG, "pg_settings")
                .with("name", name)
                .with("setting", value)
                .with("context", "internal")
                .with("vartype", "string")
                .with("source", "default")
                .with("pending_restart", false));
        KEYWORDS.forEach(word -> row(CatalogTables.PG_CATALOG, "pg_get_keywords")
                .with("word", word)
                .with("catcode", "U")
                .with("catdesc", "unreserved"));
    }

    /** By the engine's name of the table; values in the order of its columns. */
    static Map<String, List<@Nullable Object[]>> all() {
        return new CatalogRows().rows;
    }

    /** The OID of a table; null when there is no table of this name. */
    static @Nullable Long oidOf(String name) {
        Relation relation = relation(table -> table.name().equals(name));
        return relation == null ? null : relation.oid();
    }

    /** The name of a table; null when there is no table with this OID. */
    static @Nullable String nameOf(long oid) {
        Relation relation = relation(table -> table.oid() == oid);
        return relation == null ? null : relation.name();
    }

    /** Whether a table is found without its schema; null when there is no table with this OID. */
    static @Nullable Boolean isVisible(long oid) {
        Relation relation = relation(table -> table.oid() == oid);
        return relation == null ? null : relation.namespace() != INFORMATION_NAMESPACE;
    }

    private static @Nullable Relation relation(Predicate<Relation> wanted) {
        return RELATIONS.stream().filter(wanted).findFirst().orElse(null);
    }

    /** The name of a schema; null when there is no schema with this OID. */
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

    /** A new row of a table, with all columns null. */
    private Row row(String schema, String name) {
        String key = CatalogTables.engineSchema(schema) + '.' + name;
        CatalogTables.Table table = tables.get(key);
        if (table == null) {
            throw new IllegalStateException("no table " + key);
        }
        List<String> names =
                table.columns().stream().map(CatalogTables.Column::name).toList();
        @Nullable Object[] values = new @Nullable Object[names.size()];
        rows.computeIfAbsent(key, ignored -> new ArrayList<>()).add(values);
        return new Row(names, values);
    }

    /** A row of a table, by the names of its columns. */
    private static final class Row {
        private final List<String> names;
        private final @Nullable Object[] values;

        private Row(List<String> names, @Nullable Object[] values) {
            this.names = names;
            this.values = values;
        }

        private Row with(String column, Object value) {
            values[names.indexOf(column)] = value;
            return this;
        }
    }

    private void addNamespace(long oid, String name) {
        row(CatalogTables.PG_CATALOG, "pg_namespace")
                .with("oid", oid)
                .with("nspname", name)
                .with("nspowner", OWNER);
        row(CatalogTables.INFORMATION_SCHEMA, "schemata")
                .with("catalog_name", NAME)
                .with("schema_name", name)
                .with("schema_owner", NAME);
    }

    private void addRelation(Relation relation) {
        boolean isOurs = relation.namespace() == PUBLIC_NAMESPACE;
        row(CatalogTables.PG_CATALOG, "pg_class")
                .with("oid", relation.oid())
                .with("relname", relation.name())
                .with("relnamespace", relation.namespace())
                .with("reltype", 0L)
                .with("reloftype", 0L)
                .with("relowner", OWNER)
                .with("relam", HEAP)
                .with("relfilenode", 0L)
                .with("reltablespace", 0L)
                .with("relpages", 0)
                .with("reltuples", -1f)
                .with("relallvisible", 0)
                .with("reltoastrelid", 0L)
                .with("relhasindex", false)
                .with("relisshared", false)
                .with("relpersistence", "p")
                .with("relkind", isOurs ? "r" : "v")
                .with("relnatts", relation.fields().size())
                .with("relchecks", 0)
                .with("relhasrules", false)
                .with("relhastriggers", false)
                .with("relhassubclass", false)
                .with("relrowsecurity", false)
                .with("relforcerowsecurity", false)
                .with("relispopulated", true)
                .with("relreplident", "d")
                .with("relispartition", false)
                .with("relrewrite", 0L);
        row(CatalogTables.INFORMATION_SCHEMA, "tables")
                .with("table_catalog", NAME)
                .with("table_schema", relation.schema())
                .with("table_name", relation.name())
                .with("table_type", isOurs ? "BASE TABLE" : "VIEW")
                .with("is_insertable_into", "NO")
                .with("is_typed", "NO");
        if (isOurs) {
            row(CatalogTables.PG_CATALOG, "pg_tables")
                    .with("schemaname", PUBLIC)
                    .with("tablename", relation.name())
                    .with("tableowner", NAME)
                    .with("hasindexes", false)
                    .with("hasrules", false)
                    .with("hastriggers", false)
                    .with("rowsecurity", false);
        }
        int number = 1;
        for (Field field : relation.fields()) {
            addColumn(relation, field, number++);
        }
    }

    private void addColumn(Relation relation, Field field, int number) {
        row(CatalogTables.PG_CATALOG, "pg_attribute")
                .with("attrelid", relation.oid())
                .with("attname", field.name())
                .with("atttypid", field.type().oid())
                .with("attstattarget", -1)
                .with("attlen", field.type().bytes())
                .with("attnum", number)
                .with("attndims", 0)
                .with("attcacheoff", -1)
                .with("atttypmod", -1)
                .with("attbyval", field.type().bytes() > 0)
                .with("attalign", "i")
                .with("attstorage", "p")
                .with("attcompression", "")
                .with("attnotnull", false)
                .with("atthasdef", false)
                .with("atthasmissing", false)
                .with("attidentity", "")
                .with("attgenerated", "")
                .with("attisdropped", false)
                .with("attislocal", true)
                .with("attinhcount", 0)
                .with("attcollation", 0L);
        row(CatalogTables.INFORMATION_SCHEMA, "columns")
                .with("table_catalog", NAME)
                .with("table_schema", relation.schema())
                .with("table_name", relation.name())
                .with("column_name", field.name())
                .with("ordinal_position", number)
                .with("is_nullable", "YES")
                .with("data_type", field.type().sqlName())
                .with("udt_catalog", NAME)
                .with("udt_schema", CatalogTables.PG_CATALOG)
                .with("udt_name", field.type().typeName())
                .with("dtd_identifier", Integer.toString(number))
                .with("is_self_referencing", "NO")
                .with("is_identity", "NO")
                .with("is_generated", "NEVER")
                .with("is_updatable", "NO");
    }

    private void addType(CatalogType type) {
        addType(type.oid(), type.typeName(), type.bytes(), type.category(), 0, type.arrayOid());
        addType(type.arrayOid(), "_" + type.typeName(), -1, "A", type.oid(), 0);
    }

    private void addType(long oid, String name, int bytes, String category, long element, long array) {
        row(CatalogTables.PG_CATALOG, "pg_type")
                .with("oid", oid)
                .with("typname", name)
                .with("typnamespace", CATALOG_NAMESPACE)
                .with("typowner", OWNER)
                .with("typlen", bytes)
                .with("typbyval", bytes > 0)
                .with("typtype", "b")
                .with("typcategory", category)
                .with("typispreferred", false)
                .with("typisdefined", true)
                .with("typdelim", ",")
                .with("typrelid", 0L)
                .with("typelem", element)
                .with("typarray", array)
                .with("typinput", element == 0 ? name + "in" : "array_in")
                .with("typoutput", element == 0 ? name + "out" : "array_out")
                .with("typalign", "i")
                .with("typstorage", "p")
                .with("typnotnull", false)
                .with("typbasetype", 0L)
                .with("typtypmod", -1)
                .with("typndims", 0)
                .with("typcollation", 0L);
    }

    private void addDatabaseAndRole() {
        row(CatalogTables.PG_CATALOG, "pg_database")
                .with("oid", DATABASE)
                .with("datname", NAME)
                .with("datdba", OWNER)
                .with("encoding", UTF8)
                .with("datlocprovider", "c")
                .with("datistemplate", false)
                .with("datallowconn", true)
                .with("datconnlimit", -1)
                .with("dattablespace", DEFAULT_TABLESPACE)
                .with("datcollate", "C")
                .with("datctype", "C");
        row(CatalogTables.PG_CATALOG, "pg_roles")
                .with("oid", OWNER)
                .with("rolname", NAME)
                .with("rolsuper", false)
                .with("rolinherit", true)
                .with("rolcreaterole", false)
                .with("rolcreatedb", false)
                .with("rolcanlogin", true)
                .with("rolreplication", false)
                .with("rolconnlimit", -1)
                .with("rolbypassrls", false);
        row(CatalogTables.PG_CATALOG, "pg_user")
                .with("usename", NAME)
                .with("usesysid", OWNER)
                .with("usecreatedb", false)
                .with("usesuper", false)
                .with("userepl", false)
                .with("usebypassrls", false);
    }
}
