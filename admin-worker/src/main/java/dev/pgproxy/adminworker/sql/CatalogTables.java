package dev.pgproxy.adminworker.sql;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tables of pg_catalog and information_schema that pg_proxy has: their columns, in PostgreSQL 15's order, as far as clients ask for
 * them. {@link CatalogRows} has their rows.
 */
final class CatalogTables {

    static final String PG_CATALOG = "pg_catalog";
    static final String INFORMATION_SCHEMA = "information_schema";

    /** The engine's names of the two schemas: it has schemas of its own by their usual names. */
    private static final Map<String, String> ENGINE_SCHEMAS = Map.of(PG_CATALOG, "pgcat", INFORMATION_SCHEMA, "pginfo");

    /** Letters for types, with the names that the engine and PostgreSQL have for them. */
    enum Type {
        OID('o', "BIGINT", CatalogType.OID),
        TEXT('t', "VARCHAR", CatalogType.TEXT),
        NAME('n', "VARCHAR", CatalogType.NAME),
        CHAR('c', "VARCHAR", CatalogType.CHAR),
        BOOL('b', "BOOLEAN", CatalogType.BOOL),
        INT2('s', "SMALLINT", CatalogType.INT2),
        INT4('i', "INTEGER", CatalogType.INT4),
        FLOAT4('f', "REAL", CatalogType.FLOAT4),
        TIMESTAMPTZ('z', "TIMESTAMP WITH TIME ZONE", CatalogType.TIMESTAMPTZ),
        /** An array of texts. */
        TEXTS('a', "VARCHAR ARRAY", CatalogType.TEXT);

        private final char letter;
        private final String engineName;
        private final CatalogType type;

        Type(char letter, String engineName, CatalogType type) {
            this.letter = letter;
            this.engineName = engineName;
            this.type = type;
        }

        CatalogType type() {
            return type;
        }
    }

    record Column(String name, Type type) {}

    /** @param schema PostgreSQL's name of it */
    record Table(String schema, String name, List<Column> columns) {

        String engineName() {
            return ENGINE_SCHEMAS.get(schema) + "." + name;
        }

        /** The statement that creates it. */
        String definition() {
            List<String> all = new ArrayList<>();
            columns.forEach(column -> all.add('"' + column.name() + "\" " + column.type().engineName));
            return "CREATE TABLE " + engineName() + " (" + String.join(", ", all) + ")";
        }
    }

    private static final Map<String, Table> CATALOG = tables(
            PG_CATALOG,
            "pg_namespace: oid o, nspname n, nspowner o, nspacl a",
            "pg_class: oid o, relname n, relnamespace o, reltype o, reloftype o, relowner o, relam o, relfilenode o, reltablespace o, relpages i,"
                    + " reltuples f, relallvisible i, reltoastrelid o, relhasindex b, relisshared b, relpersistence c, relkind c, relnatts s,"
                    + " relchecks s, relhasrules b, relhastriggers b, relhassubclass b, relrowsecurity b, relforcerowsecurity b, relispopulated b,"
                    + " relreplident c, relispartition b, relrewrite o, relfrozenxid o, relminmxid o, relacl a, reloptions a, relpartbound t",
            "pg_attribute: attrelid o, attname n, atttypid o, attstattarget i, attlen s, attnum s, attndims i, attcacheoff i, atttypmod i, attbyval b,"
                    + " attalign c, attstorage c, attcompression c, attnotnull b, atthasdef b, atthasmissing b, attidentity c, attgenerated c,"
                    + " attisdropped b, attislocal b, attinhcount i, attcollation o, attacl a, attoptions a, attfdwoptions a, attmissingval t",
            "pg_type: oid o, typname n, typnamespace o, typowner o, typlen s, typbyval b, typtype c, typcategory c, typispreferred b, typisdefined b,"
                    + " typdelim c, typrelid o, typsubscript t, typelem o, typarray o, typinput t, typoutput t, typreceive t, typsend t, typmodin t,"
                    + " typmodout t, typanalyze t, typalign c, typstorage c, typnotnull b, typbasetype o, typtypmod i, typndims i, typcollation o,"
                    + " typdefaultbin t, typdefault t, typacl a",
            "pg_database: oid o, datname n, datdba o, encoding i, datlocprovider c, datistemplate b, datallowconn b, datconnlimit i, datfrozenxid o,"
                    + " datminmxid o, dattablespace o, datcollate t, datctype t, daticulocale t, datcollversion t, datacl a",
            "pg_roles: rolname n, rolsuper b, rolinherit b, rolcreaterole b, rolcreatedb b, rolcanlogin b, rolreplication b, rolconnlimit i,"
                    + " rolpassword t, rolvaliduntil z, rolbypassrls b, rolconfig a, oid o",
            "pg_user: usename n, usesysid o, usecreatedb b, usesuper b, userepl b, usebypassrls b, passwd t, valuntil z, useconfig a",
            "pg_group: groname n, grosysid o, grolist t",
            "pg_am: oid o, amname n, amhandler t, amtype c",
            "pg_tablespace: oid o, spcname n, spcowner o, spcacl a, spcoptions a",
            "pg_collation: oid o, collname n, collnamespace o, collowner o, collprovider c, collisdeterministic b, collencoding i, collcollate t,"
                    + " collctype t, colliculocale t, collversion t",
            "pg_settings: name t, setting t, unit t, category t, short_desc t, extra_desc t, context t, vartype t, source t, min_val t, max_val t,"
                    + " enumvals a, boot_val t, reset_val t, sourcefile t, sourceline i, pending_restart b",
            "pg_tables: schemaname n, tablename n, tableowner n, tablespace n, hasindexes b, hasrules b, hastriggers b, rowsecurity b",
            "pg_get_keywords: word t, catcode c, barelabel b, catdesc t, baredesc t",
            // These are empty, and so is what joins with them.
            "pg_attrdef: oid o, adrelid o, adnum s, adbin t",
            "pg_description: objoid o, classoid o, objsubid i, description t",
            "pg_shdescription: objoid o, classoid o, description t",
            "pg_index: indexrelid o, indrelid o, indnatts s, indnkeyatts s, indisunique b, indnullsnotdistinct b, indisprimary b, indisexclusion b,"
                    + " indimmediate b, indisclustered b, indisvalid b, indcheckxmin b, indisready b, indislive b, indisreplident b, indkey t,"
                    + " indcollation t, indclass t, indoption t, indexprs t, indpred t",
            "pg_constraint: oid o, conname n, connamespace o, contype c, condeferrable b, condeferred b, convalidated b, conrelid o, contypid o,"
                    + " conindid o, conparentid o, confrelid o, confupdtype c, confdeltype c, confmatchtype c, conislocal b, coninhcount i,"
                    + " connoinherit b, conkey t, confkey t, conbin t",
            "pg_proc: oid o, proname n, pronamespace o, proowner o, prolang o, procost f, prorows f, provariadic o, prosupport t, prokind c,"
                    + " prosecdef b, proleakproof b, proisstrict b, proretset b, provolatile c, proparallel c, pronargs s, pronargdefaults s,"
                    + " prorettype o, proargtypes t, proallargtypes t, proargmodes t, proargnames t, prosrc t, probin t, proconfig a, proacl a",
            "pg_inherits: inhrelid o, inhparent o, inhseqno i, inhdetachpending b",
            "pg_extension: oid o, extname n, extowner o, extnamespace o, extrelocatable b, extversion t, extconfig t, extcondition a",
            "pg_enum: oid o, enumtypid o, enumsortorder f, enumlabel n",
            "pg_depend: classid o, objid o, objsubid i, refclassid o, refobjid o, refobjsubid i, deptype c",
            "pg_trigger: oid o, tgrelid o, tgparentid o, tgname n, tgfoid o, tgtype s, tgenabled c, tgisinternal b, tgconstraint o, tgnargs s",
            "pg_rewrite: oid o, rulename n, ev_class o, ev_type c, ev_enabled c, is_instead b, ev_qual t, ev_action t",
            "pg_auth_members: roleid o, member o, grantor o, admin_option b",
            "pg_policy: oid o, polname n, polrelid o, polcmd c, polpermissive b, polroles t, polqual t, polwithcheck t",
            "pg_range: rngtypid o, rngsubtype o, rngmultitypid o, rngcollation o",
            "pg_sequence: seqrelid o, seqtypid o, seqstart o, seqincrement o, seqmax o, seqmin o, seqcache o, seqcycle b",
            "pg_views: schemaname n, viewname n, viewowner n, definition t",
            "pg_matviews: schemaname n, matviewname n, matviewowner n, tablespace n, hasindexes b, ispopulated b, definition t",
            "pg_indexes: schemaname n, tablename n, indexname n, tablespace n, indexdef t",
            "pg_sequences: schemaname n, sequencename n, sequenceowner n");

    private static final String CATALOG_SCHEMA_AND_NAME = "table_catalog n, table_schema n, table_name n, ";

    private static final Map<String, Table> INFORMATION = tables(
            INFORMATION_SCHEMA,
            "schemata: catalog_name n, schema_name n, schema_owner n, default_character_set_catalog n, default_character_set_schema n,"
                    + " default_character_set_name n, sql_path t",
            "tables: " + CATALOG_SCHEMA_AND_NAME
                    + "table_type t, self_referencing_column_name n, reference_generation t, user_defined_type_catalog n,"
                    + " user_defined_type_schema n, user_defined_type_name n, is_insertable_into t, is_typed t, commit_action t",
            "columns: " + CATALOG_SCHEMA_AND_NAME
                    + "column_name n, ordinal_position i, column_default t, is_nullable t, data_type t, character_maximum_length i,"
                    + " character_octet_length i, numeric_precision i, numeric_precision_radix i, numeric_scale i, datetime_precision i,"
                    + " interval_type t, interval_precision i, character_set_name n, collation_catalog n, collation_schema n, collation_name n,"
                    + " domain_catalog n, domain_schema n, domain_name n, udt_catalog n, udt_schema n, udt_name n, dtd_identifier n,"
                    + " is_self_referencing t, is_identity t, identity_generation t, is_generated t, generation_expression t, is_updatable t",
            "views: " + CATALOG_SCHEMA_AND_NAME
                    + "view_definition t, check_option t, is_updatable t, is_insertable_into t",
            "table_constraints: constraint_catalog n, constraint_schema n, constraint_name n, "
                    + CATALOG_SCHEMA_AND_NAME + "constraint_type t, is_deferrable t, initially_deferred t, enforced t",
            "key_column_usage: constraint_catalog n, constraint_schema n, constraint_name n, " + CATALOG_SCHEMA_AND_NAME
                    + "column_name n, ordinal_position i, position_in_unique_constraint i",
            "constraint_column_usage: " + CATALOG_SCHEMA_AND_NAME
                    + "column_name n, constraint_catalog n, constraint_schema n, constraint_name n",
            "referential_constraints: constraint_catalog n, constraint_schema n, constraint_name n, unique_constraint_catalog n,"
                    + " unique_constraint_schema n, unique_constraint_name n, match_option t, update_rule t, delete_rule t",
            "check_constraints: constraint_catalog n, constraint_schema n, constraint_name n, check_clause t",
            "routines: specific_catalog n, specific_schema n, specific_name n, routine_catalog n, routine_schema n, routine_name n, routine_type t,"
                    + " data_type t, routine_definition t, external_language t",
            "sequences: sequence_catalog n, sequence_schema n, sequence_name n, data_type t, start_value t, minimum_value t, maximum_value t,"
                    + " increment t, cycle_option t",
            "triggers: trigger_catalog n, trigger_schema n, trigger_name n, event_manipulation t, event_object_catalog n, event_object_schema n,"
                    + " event_object_table n, action_statement t, action_orientation t, action_timing t",
            "table_privileges: grantor n, grantee n, " + CATALOG_SCHEMA_AND_NAME
                    + "privilege_type t, is_grantable t, with_hierarchy t");

    /** Tables of PostgreSQL that are always empty here; their columns are not known. */
    private static final Set<String> EMPTY = Set.of(
            "pg_aggregate",
            "pg_amop",
            "pg_amproc",
            "pg_available_extensions",
            "pg_cast",
            "pg_conversion",
            "pg_cursors",
            "pg_db_role_setting",
            "pg_default_acl",
            "pg_event_trigger",
            "pg_foreign_data_wrapper",
            "pg_foreign_server",
            "pg_foreign_table",
            "pg_init_privs",
            "pg_language",
            "pg_largeobject_metadata",
            "pg_opclass",
            "pg_operator",
            "pg_opfamily",
            "pg_parameter_acl",
            "pg_partitioned_table",
            "pg_policies",
            "pg_prepared_statements",
            "pg_prepared_xacts",
            "pg_publication",
            "pg_publication_namespace",
            "pg_publication_rel",
            "pg_publication_tables",
            "pg_replication_origin",
            "pg_rules",
            "pg_seclabel",
            "pg_seclabels",
            "pg_shdepend",
            "pg_shseclabel",
            "pg_statistic_ext",
            "pg_statistic_ext_data",
            "pg_stats",
            "pg_stats_ext",
            "pg_subscription",
            "pg_timezone_names",
            "pg_transform",
            "pg_ts_config",
            "pg_ts_config_map",
            "pg_ts_dict",
            "pg_ts_parser",
            "pg_ts_template",
            "pg_user_mapping",
            "pg_user_mappings");

    /** The tables of pg_catalog above that have rows. */
    private static final Set<String> FILLED = Set.of(
            "pg_namespace",
            "pg_class",
            "pg_attribute",
            "pg_type",
            "pg_database",
            "pg_roles",
            "pg_user",
            "pg_am",
            "pg_tablespace",
            "pg_collation",
            "pg_settings",
            "pg_tables",
            "pg_get_keywords");

    private CatalogTables() {}

    private static Map<String, Table> tables(String schema, String... definitions) {
        Map<String, Table> tables = new LinkedHashMap<>();
        for (String definition : definitions) {
            int colon = definition.indexOf(':');
            String name = definition.substring(0, colon);
            List<Column> columns = Arrays.stream(definition.substring(colon + 1).split(","))
                    .map(String::strip)
                    .map(column -> column.split(" "))
                    .map(parts -> new Column(parts[0], type(parts[1].charAt(0))))
                    .toList();
            tables.put(name, new Table(schema, name, columns));
        }
        return tables;
    }

    private static Type type(char letter) {
        return Arrays.stream(Type.values())
                .filter(type -> type.letter == letter)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no type " + letter));
    }

    /** All tables with known columns. */
    static List<Table> all() {
        List<Table> all = new ArrayList<>(CATALOG.values());
        all.addAll(INFORMATION.values());
        return all;
    }

    static List<String> engineSchemas() {
        return List.copyOf(ENGINE_SCHEMAS.values());
    }

    /** The engine's name of a schema of PostgreSQL. */
    static String engineSchema(String schema) {
        return ENGINE_SCHEMAS.getOrDefault(schema, schema);
    }

    static boolean isSchema(String name) {
        return ENGINE_SCHEMAS.containsKey(name);
    }

    /** Whether there is such a table with known columns. */
    static boolean has(String schema, String name) {
        return schema.equals(PG_CATALOG) ? CATALOG.containsKey(name) : INFORMATION.containsKey(name);
    }

    /** Whether this table of pg_catalog never has a row here. */
    static boolean isEmpty(String name) {
        return EMPTY.contains(name) || (CATALOG.containsKey(name) && !FILLED.contains(name));
    }
}
