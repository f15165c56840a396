package dev.pgproxy.adminworker.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.adminworker.snapshot.Snapshots;
import dev.pgproxy.common.view.View;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** SQL that operators write by habit, with PostgreSQL 15's answers. */
class ConsoleSqlTest {

    /** 2026-01-01 10:00:00+00. */
    private static final long MICROS = 1_767_261_600_000_000L;

    private final TestConsole console = new TestConsole(Snapshots.of(
            View.EVENT,
            new Object[] {1L, MICROS, "master", "warn", "primary_down", "event=primary_down server=db1:5432"},
            new Object[] {2L, MICROS + 90_061_500_000L, "pool-1", "info", "idle", "event=idle"}));

    @AfterEach
    void close() {
        console.close();
    }

    private String rows(String sql, @Nullable Object... parameters) throws SqlProblem {
        return console.rows(sql, parameters);
    }

    private String names(String sql) throws SqlProblem {
        return console.run(sql).columns().stream().map(ResultColumn::name).collect(Collectors.joining("|"));
    }

    private SqlProblem problem(String sql, @Nullable Object... parameters) {
        return assertThrows(SqlProblem.class, () -> console.run(sql, parameters), sql);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '^',
            value = {
                "select '5 minutes'::interval; 00:05:00",
                "select interval '36 hours'; 36:00:00",
                "select interval '1 day 02:03:04.5'; 1 day 02:03:04.5",
                "select interval '2 days'; 2 days",
                "select interval '1 week'; 7 days",
                "select interval '14 months'; 1 year 2 mons",
                "select interval '-1 day'; -1 days",
                "select interval '1.5 hours'; 01:30:00",
                "select interval '90'; 00:01:30",
                "select interval '10 seconds ago'; -00:00:10",
                "select interval '5' minute; 00:05:00",
                "select interval '0'; 00:00:00",
                "select '1h 5m'::interval; 01:05:00",
                "select 2 * interval '90 minutes'; 03:00:00",
                "select interval '1 hour' > '5 minutes'::interval; t",
                "select max(\"at\") - min(\"at\") from event; 1 day 01:01:01.5",
                "select min(\"at\") - max(\"at\") from event; -1 days -01:01:01.5",
                "select \"at\" - interval '5 minutes' from event where id = 1; 2026-01-01 09:55:00+00",
                "select \"at\" + interval '1 month' from event where id = 1; 2026-02-01 10:00:00+00",
                "select count(*) from event where \"at\" > now() - interval '5 minutes' - interval '100000 days'; 2",
                "select date '2026-03-01' - date '2026-02-01'; 28",
                "select extract(epoch from interval '1 day 1 second'); 86401",
                "select date_part('hour', \"at\") from event where id = 1; 10",
                "select date_part('epoch', \"at\" - interval '1 hour') from event where id = 1; 1767258000",
                "select age(max(\"at\"), min(\"at\")) from event; 1 day 01:01:01.5",
                "select age(now()) < interval '1 hour'; t",
                "select \"at\" at time zone 'Europe/Berlin' from event where id = 1; 2026-01-01 11:00:00",
                "select \"at\" at time zone 'UTC' at time zone 'Europe/Berlin' from event where id = 1; 2026-01-01 09:00:00+00",
                "select timestamp '2026-07-01 12:00:00' at time zone 'Europe/Berlin'; 2026-07-01 10:00:00+00",
                "select E'it\\'s\\tx\\x41\\u00e9\\101'; it's\txA\u00e9A",
                "select id from event order by id limit all; ^1\n2^",
                "select id from event order by id limit all offset 1; 2",
                "select split_part('a.b.c', '.', 2), split_part('a.b.c', '.', -1), split_part('a', '.', 3); b|c|",
                "select split_part(line, '=', 2) from event where id = 2; idle",
                "select process from event where line ~ 'db[0-9]:\\d+$'; master",
                "select process from event where process !~ '^pool' and level ~* 'WARN'; master",
                "select process from event where process || level ~ '^pool-1info$'; pool-1",
                "select not line ~ 'idle', line !~* 'IDLE' from event where id = 2; f|f",
                "select process ~ null from event where id = 2; NULL",
                "select count(*) from event where process OPERATOR(pg_catalog.~) '^(master)$' COLLATE pg_catalog.default; 1",
                "select pg_size_pretty(10::bigint), pg_size_pretty(10240), pg_size_pretty(123456789); 10 bytes|10 kB|118 MB",
                "select id from event where process = any('{master,\"x,y\",null}'); 1",
                "select id from event where id = any('{2,3}'::int[]); 2",
                "select id from event where process = any(array['pool-1']); 2",
                "select array_to_string(array['a', 'b'], '-'); a-b",
                "select pg_catalog.split_part('a.b', '.', 1); a",
                "select case when line ~ 'idle' then 'x' else 'y' end from event order by id; ^y\nx^",
                "select cast('5 min' as interval), cast('{1,2}' as text[]); 00:05:00|{1,2}",
                "select (now() - now())::interval; 00:00:00",
                "select interval '1 02:03:04'; 1 day 02:03:04",
                "select interval '1-2', interval '-1-2'; 1 year 2 mons|-1 years -2 mons",
                "select interval '00:00:01.123456789'; 00:00:01.123457",
                "select interval '1-2' year to month, interval '01:30' hour to minute; 1 year 2 mons|01:30:00",
                "select (\"at\" at time zone 'UTC') at time zone 'Europe/Berlin' from event where id = 1; 2026-01-01 09:00:00+00",
                "select date_trunc('day', \"at\" at time zone 'Europe/Berlin') at time zone 'Europe/Berlin' from event where id = 1;"
                        + " 2025-12-31 23:00:00+00",
                "select cast('2026-07-01 12:00' as timestamp) at time zone 'Europe/Berlin'; 2026-07-01 10:00:00+00",
                "select max(\"at\") filter (where id = 1) at time zone 'UTC' from event; 2026-01-01 10:00:00",
                "select date_part('hour', interval '90 minutes'), date_part('minute', interval '90 minutes'); 1|30",
                "select date_part('year', interval '14 months'), date_part('month', interval '14 months'); 1|2",
                "select date_part('second', \"at\") from event where id = 2; 1.5",
                "select cast('2 days' as interval), cast('1 month' as interval); 2 days|1 mon",
                "select (max(\"at\") - min(\"at\"))::text from event; 1 day 01:01:01.5",
                "select count(*) from event a, event b where a.\"at\" - b.\"at\" > '1 hour'; 1",
                "select process, string_to_array(line, '=') from event where id = 2; pool-1|{event,idle}",
                "select id from event where process = any(array['pool-1']::text[]); 2",
                "select id from event where id = any(string_to_array('1,5', ',')::int[]); 1",
                "select '{a,\"b c\",NULL}'::text[]; {a,\"b c\",NULL}",
                "select x.user from (select 1 as \"user\") x; 1",
                "select id as user from event where id = 1; 1",
                "select process user from event where id = 1; master",
                "select 1 where 1 is distinct from 2; 1",
                "select count(*) from event a join event b on a.id = b.id, generate_series(1, 2) g; 4",
                "select count(*) from event a join event b on a.id = b.id cross join unnest(array['x']) u; 2",
                "select count(*) from event where (\"at\" - interval '1 hour')::time > '08:30'; 2",
                "select count(*) from event where (now() - \"at\")::text > '1 day'; 2",
                "select count(*) from event where (now() - \"at\") > '1 day'; 2",
                "select \"at\" at time zone 'Etc/GMT-2' from event where id = 1; 2026-01-01 12:00:00",
                "select count(*) from event where process in (select process::text from event where id > 1); 1",
            })
    void whatPostgresAnswersIsAnswered(String sql, @Nullable String expected) throws SqlProblem {
        assertEquals(expected == null ? "" : expected, rows(sql));
    }

    @Test
    void parametersMayBeArraysPatternsAndIntervals() throws SqlProblem {
        assertEquals("1", rows("select id from event where process = any($1::text[])", "{master}"));
        assertEquals("2", rows("select id from event where id = any($1::int8[])", "{2,7}"));
        assertEquals("1", rows("select id from event where process ~ $1", "^mas"));
        assertEquals("2", rows("select count(*) from event where \"at\" > now() - $1::interval", "99999 days"));
        assertEquals(
                "2201B", problem("select id from event where process ~ $1", "(").sqlState());
    }

    @Test
    void parametersOfOtherKindsAreUnderstood() throws SqlProblem {
        assertEquals("2", rows("select id from event where process = any($1)", "{pool-1}"));
        assertEquals("2 days", rows("select $1::interval", "2 days"));
        assertEquals(
                SqlStates.FEATURE_NOT_SUPPORTED,
                problem("select $1::interval", "1 month").sqlState());
    }

    @Test
    void intervalsHaveTheirTypeAndItsBinaryForm() throws SqlProblem {
        QueryResult result = console.engine()
                .run(
                        console.plan("select interval '1 day 00:00:01'"),
                        List.of(),
                        List.of(true),
                        console.snapshot(),
                        new Running());
        assertEquals(PgType.INTERVAL, result.columns().get(0).type());
        ByteBuffer in = ByteBuffer.wrap(result.rows().get(0), 11, 16);
        assertEquals(1_000_000, in.getLong());
        assertEquals(1, in.getInt());
        assertEquals(0, in.getInt());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "select id::text, '5'::int from event where false; id|int4",
                "select now() - \"at\", \"at\" at time zone 'UTC' from event; ?column?|timezone",
                "select split_part(line, '=', 1), line ~ 'x', line || 'x' from event; split_part|?column?|?column?",
                "select case when true then 1 end, cast(id as text), 1, e.id from event e; case|id|?column?|id",
                "select '5 min'::interval, interval '1 h', date_part('hour', now()), age(now()); interval|interval|date_part|age",
                "select count(*) filter (where id > 1), sum(id) over (), max(id) + 1, max(id) as m, min(id) x from event group by id; count|sum|?column?|m|x",
                "select current_user, user, session_user, current_catalog, 1 as user; current_user|user|session_user|current_catalog|user",
                "select sum(id) over w, rank() over w from event window w as (order by id); sum|rank",
                "with e as (select * from event) select split_part(line, '=', 1), line ~ 'x' from e; split_part|?column?",
                "select coalesce(id, 0), (id), -id, extract(hour from \"at\"), exists(select 1) from event; coalesce|id|?column?|extract|exists",
            })
    void columnsAreNamedAsPostgresNamesThem(String sql, String expected) throws SqlProblem {
        assertEquals(expected, names(sql));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select 'aaaa' ~ '(a{1000}){1000}'",
                "select 'aaaa' ~ '((a{100}){100}){100}'",
                "select interval '999999999999 years'",
                "select interval 'nonsense'",
                "select interval '1 month 1 day'",
                "select now() at time zone 'nowhere'",
                "select split_part('a', 'b', 0)",
                "select date_part('nonsense', now())",
                "select '{a'::text[]",
                "select '{x}'::int[]",
                "select E'\\x00'",
                "select E'\\UFFFFFFFF'",
                "select 'a' ~",
                "select ~ 'a'",
                "select :: interval",
                "select at time zone",
                "select age()",
                "select (string_to_array('a', ','))[",
                "select :: ::int",
                "select (1",
                "select 1)",
                "select [1)",
                "select interval '100000000 days 2400000000 hours'",
                "select interval '999999999999 hours'",
                "select interval '1234567890123 seconds'",
                "select interval '1 2 3'",
                "select interval '1 hour' / 7",
                "select now() at time zone '+02'",
                "select now() at time zone 'UTC+2'",
                "select pg__text_array('{a}')",
                "select \"pg__matches\"('a', 'a')",
                "select * from generate_series(9223372036854775806, 9223372036854775807), generate_series(1, 10001)",
                "select * from generate_series(-9223372036854775807, 9223372036854775807)",
                "select process ~ repeat('a?', 450) from event",
            })
    void whatIsWrongIsSaidAndBreaksNothing(String sql) throws SqlProblem {
        problem(sql);
        assertEquals("2", rows("select count(*) from event"));
    }

    /** No query of a reader may fill the heap or hold up other sessions. */
    @Test
    void whatCannotBeStoppedHasABound() throws SqlProblem {
        assertEquals("2", rows("select count(*) from generate_series(9223372036854775806, 9223372036854775807)"));
        String text = "a".repeat(10_000);
        assertEquals(
                SqlStates.STATEMENT_TOO_COMPLEX,
                problem("select $1 ~ '(" + "a?".repeat(450) + "){100}Q'", text).sqlState());
        for (String deep : List.of(
                "select " + "(".repeat(4_900) + "1" + ")".repeat(4_900),
                "select " + "cast(".repeat(1_900) + "1" + " as int)".repeat(1_900),
                "select 1" + ", 1".repeat(100_000) + " from pg_index")) {
            assertEquals(SqlStates.STATEMENT_TOO_COMPLEX, problem(deep).sqlState());
        }
        assertEquals(
                SqlStates.TOO_MANY_COLUMNS,
                problem("select 1" + ", 1".repeat(1_664)).sqlState());
        assertEquals(
                SqlStates.UNDEFINED_TABLE, problem("select 'nothing'::regclass").sqlState());
    }

    @Test
    void rewritingHasABound() {
        assertEquals(
                SqlStates.STATEMENT_TOO_COMPLEX,
                problem("select " + "'a' ~ 'b' or ".repeat(600) + "true").sqlState());
        assertTrue(problem("select interval 'x'").position() > 0);
    }
}
