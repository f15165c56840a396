package dev.pgproxy.adminworker.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pgproxy.adminworker.snapshot.Snapshot;
import dev.pgproxy.common.view.View;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Queries of clients about tables, columns and types. The system tests run psql and pgjdbc themselves. */
class CatalogSqlTest {

    private final TestConsole console = new TestConsole(Snapshot.empty());

    @AfterEach
    void close() {
        console.close();
    }

    private QueryResult run(String sql, @Nullable Object... parameters) throws SqlProblem {
        return console.run(sql, parameters);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "select nspname from pg_catalog.pg_namespace where oid = 2200; public",
                "select relname from pg_class where oid = 'connection'::regclass; connection",
                "select c.oid::regclass::text, relkind = 'r'::\"char\" from pg_class c where relname = 'pool'; pool|t",
                "select pg_class.relnamespace::regnamespace from pg_catalog.pg_class where relname ~ '^stats$'; public",
                "select atttypid::regtype from pg_attribute where attrelid = 'connection'::regclass and attname = 'id'; bigint",
                "select pg_catalog.format_type(atttypid, atttypmod) from pg_attribute a join pg_class c on c.oid = a.attrelid"
                        + " where relname = 'event' and attname = 'at'; timestamp with time zone",
                "select oid from pg_type where oid = 'interval'::regtype; 1186",
                "select typname from pg_type where typelem = 25; _text",
                "select count(*) from pg_class c left join pg_description d on d.objoid = c.oid where relname = 'pool'; 1",
                "select count(*) from pg_index; 0",
                "select pg_get_userbyid(relowner) from pg_class where relname = 'pool'; pg_proxy",
                "select has_table_privilege('pool', 'SELECT'), has_table_privilege(current_user, 'pool', 'INSERT'); t|f",
                "select data_type, udt_name from information_schema.columns where table_name = 'pool' and column_name = 'active'; integer|int4",
                "select table_type from information_schema.tables where table_schema = 'public' and table_name = 'pool'; BASE TABLE",
                "select count(*) from information_schema.key_column_usage; 0",
                "select setting from pg_settings where name = 'max_index_keys'; 32",
                "select current_catalog, current_schema, session_user, user; pg_proxy|public|admin|admin",
                "select current_schemas(true); {pg_catalog,public}",
                "select (current_schemas(true))[2], (string_to_array('a,b', ','))[3]; public|NULL",
                "select s[i] from generate_series(1, 2) as i, string_to_array('x,y', ',') s order by i desc limit 1; y",
                "select sum(i) from generate_series(1, array_upper(string_to_array('a.b.c', '.'), 1)) i; 6",
                "select x from unnest(array['a']) x; a",
                "select (parse_ident('Public.\"Pool\"'))[1], (parse_ident('public.\"Pool\"'))[2]; public|Pool",
                "select quote_ident('pool'), quote_ident('Pool'); pool|\"Pool\"",
                "select array(select relname from pg_class where relname in ('pool', 'stats') order by 1); {pool,stats}",
                "select 1 where 1=-1 or 2>+1; 1",
                "select count(*) from pg_get_keywords() where word <> all ('{limit,desc}'); 14",
            })
    void theCatalogIsATableLikeOthers(String sql, String expected) throws SqlProblem {
        assertEquals(expected, console.rows(sql));
    }

    @Test
    void eachTableAndColumnOfPgProxyIsInIt() throws SqlProblem {
        assertEquals(
                View.values().length,
                run("select tablename from pg_tables where schemaname = 'public'")
                        .rows()
                        .size());
        int columns = Arrays.stream(View.values())
                .mapToInt(view -> view.columns().size())
                .sum();
        assertEquals(
                columns,
                run("select column_name from information_schema.columns where table_schema = $1", "public")
                        .rows()
                        .size());
    }

    /** Clients query indexes and keys in ways that the engine does not understand, and there are none. */
    @Test
    void whatIsAskedAboutWhatThereIsNoneOfHasNoRows() throws SqlProblem {
        QueryResult none = run(
                "select conname, nobody_knows(conkey), (information_schema.keys(conkey)).n from pg_catalog.pg_constraint"
                        + " where conrelid = $1 and contype = $2",
                "1",
                "p");
        assertEquals(0, none.rows().size());
        assertEquals(3, none.columns().size());
        assertEquals(0, run("select * from pg_catalog.pg_policies").rows().size());
        assertThrows(
                SqlProblem.class,
                () -> run("select count(*), nobody_knows(1) from pg_catalog.pg_constraint"),
                "it has one row, also of nothing");
        assertEquals(
                0,
                run("with x as (select nobody_knows(1) from pg_catalog.pg_index) select * from x")
                        .rows()
                        .size());
        assertEquals(
                0,
                run("select nobody_knows(1) from pg_index union select 1 from pg_constraint order by 1")
                        .rows()
                        .size());
        for (String other : List.of(
                "select nobody_knows(1) from pg_class union all select 1 from pg_index",
                "select nobody_knows(1) from pg_index right join pg_class on true",
                "select nobody_knows(1) from pg_class left join (select 1 from pg_index) i on true")) {
            assertThrows(SqlProblem.class, () -> run(other), other);
        }
        assertThrows(
                SqlProblem.class,
                () -> run("select relname, nobody_knows(oid) from pg_class left join pg_description on objoid = oid"),
                "rows do not have to come out of the empty table");
    }

    @Test
    void whatThereIsNotIsSaid() {
        for (String sql : List.of(
                "select * from pg_catalog.pg_shadow",
                "select * from information_schema.nothing",
                "select 'nothing'::regclass",
                "select parse_ident('a..b')",
                "select * from generate_series(1, 1000000000)")) {
            assertThrows(SqlProblem.class, () -> run(sql), sql);
        }
    }
}
