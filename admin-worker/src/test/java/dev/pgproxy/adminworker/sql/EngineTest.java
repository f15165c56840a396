package dev.pgproxy.adminworker.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.adminworker.snapshot.Snapshots;
import dev.pgproxy.common.view.View;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EngineTest {

    private final TestConsole console = new TestConsole(Snapshots.of(
            View.STARTUPMSG,
            new Object[] {1, 10L, true, "é 'quoted'"},
            new Object[] {2, 20L, false, null},
            new Object[] {null, Long.MAX_VALUE, null, ""}));

    @AfterEach
    void close() {
        console.close();
    }

    private QueryResult run(String sql, @Nullable Object... parameters) throws SqlProblem {
        return console.run(sql, parameters);
    }

    private String rows(String sql, @Nullable Object... parameters) throws SqlProblem {
        return console.rows(sql, parameters);
    }

    private SqlProblem problem(String sql) {
        return assertThrows(SqlProblem.class, () -> run(sql), sql);
    }

    @Test
    void answersWithTheRowsOfTheSnapshot() throws SqlProblem {
        assertEquals(
                "1|10|t|é 'quoted'\n2|20|f|NULL\nNULL|9223372036854775807|NULL|",
                rows("select * from startupmsg order by id"));
        assertEquals("2|30", rows("select count(*), sum(id) from startupmsg where pid is not null"));
        console.show(Snapshots.of(View.STARTUPMSG));
        assertEquals("", rows("select * from startupmsg"));
    }

    /** As in the program that pgproxy ports. In PostgreSQL it would be CURRENT_USER, which a query about connections hardly means. */
    @Test
    void userIsTheColumnWhereThereIsOne() throws SqlProblem {
        console.show(
                Snapshots.of(View.POOL, new Object[] {"db:5432", "app", "shop", "", 1, 2, 0, 0, 0, 0.0}, new Object[] {
                    "db:5432", "web", "shop", "", 1, 2, 0, 0, 0, 0.0
                }));
        assertEquals("app\nweb", rows("select user from pool order by user"));
        assertEquals("web", rows("select p.user from pool p where USER <> 'app' and p.user is not null"));
        assertEquals("app|1\nweb|1", rows("select \"user\", count(*) from public.pool group by user order by 1"));
        assertEquals("user", run("select user from pool").columns().get(0).name());
    }

    @Test
    void tellsTypesAsPostgresDoes() throws SqlProblem {
        List<ResultColumn> columns =
                run("select pid, id, idle, msg, 1.5::float8, now(), count(*) over (), current_date, 2.5::numeric"
                                + " from startupmsg")
                        .columns();
        assertEquals(
                List.of(
                        PgType.INT4,
                        PgType.INT8,
                        PgType.BOOL,
                        PgType.TEXT,
                        PgType.FLOAT8,
                        PgType.TIMESTAMPTZ,
                        PgType.INT8,
                        PgType.DATE,
                        PgType.NUMERIC),
                columns.stream().map(ResultColumn::type).toList());
        assertEquals("now", columns.get(5).name());
        assertEquals("count", columns.get(6).name());
    }

    @Test
    void takesParametersOfAnyType() throws SqlProblem {
        assertEquals("1", rows("select pid from startupmsg where id = $1 and msg like $2", "10", "é%"));
        assertEquals("1", rows("select pid from startupmsg where id = $1", 10));
        assertEquals("2", rows("select pid from startupmsg where idle = $1", false));
        Description description =
                console.engine().describe(console.plan("select pid from startupmsg where id = $1 and msg = $2"));
        assertEquals(List.of(PgType.INT8.oid(), PgType.TEXT.oid()), description.parameterOids());
    }

    @Test
    void errorsHavePostgresStatesAndPlaces() {
        assertEquals(SqlStates.UNDEFINED_TABLE, problem("select * from nowhere").sqlState());
        assertEquals(15, problem("select * from nowhere").position());
        assertEquals(
                SqlStates.UNDEFINED_COLUMN, problem("select nothing from pool").sqlState());
        assertEquals(8, problem("select nothing from pool").position());
        assertEquals(SqlStates.SYNTAX_ERROR, problem("select 1 from from").sqlState());
        assertEquals(15, problem("select 1 from from").position());
        assertEquals("22012", problem("select 1/0").sqlState());
        assertEquals(
                SqlStates.INVALID_TEXT_REPRESENTATION,
                problem("select 'a'::int").sqlState());
        assertEquals("22012", problem("select version(), 1/0").sqlState());
        assertFalse(console.engine().isBroken());
    }

    @Test
    void castsAreToTypesWhoseValuesHaveBounds() throws SqlProblem {
        assertEquals("2.5|3|1.25", rows("select '2.5'::numeric, cast(3 as decimal), cast('1.25' as numeric(10, 2))"));
        assertEquals("7|x|t", rows("select cast('7' as int), cast('x' as text), 't'::boolean"));
        assertEquals("1e+300", rows("select 1e300"));
        for (String bad : List.of(
                "select 'aced0005'::java_object",
                "select cast('12345678123456781234567812345678' as uuid)",
                "select 'x'::uuid::java_object",
                "select 'x'::varbinary",
                "select 'x'::json",
                "select 'x'::geometry",
                "select '1'::decfloat",
                "select * from table(x java_object = 'aced0005')",
                "select x'aced0005'")) {
            String state = problem(bad).sqlState();
            assertTrue(
                    Set.of(SqlStates.UNDEFINED_OBJECT, SqlStates.UNDEFINED_FUNCTION, SqlStates.FEATURE_NOT_SUPPORTED)
                            .contains(state),
                    bad + ": " + state);
        }
    }

    /** A few characters must not denote a number too large to compute with. */
    @Test
    void numbersHaveBoundsHoweverTheyAreMade() {
        assertEquals(
                SqlStates.NUMERIC_VALUE_OUT_OF_RANGE,
                problem("select 1e1000000000").sqlState());
        for (String implied : List.of(
                "select '1e50000000' + 1.5", "select mod('1e30000000', 7.5)", "select coalesce(' 1.e+9999', 1.5)")) {
            assertEquals(SqlStates.NUMERIC_VALUE_OUT_OF_RANGE, problem(implied).sqlState(), implied);
        }
        assertEquals(
                SqlStates.NUMERIC_VALUE_OUT_OF_RANGE,
                problem("select 1e309::numeric").sqlState());
        assertEquals(
                SqlStates.NUMERIC_VALUE_OUT_OF_RANGE,
                problem("select " + "9".repeat(41)).sqlState());
        for (String huge : List.of(
                "select floor(('1e' || '1000000000')::numeric)",
                "select cast('1e' || '1000000000' as numeric(20, 2))",
                "select mod(cast('1e' || '1000000000' as decimal), 7)",
                "select floor(sum(x)) from (values ('1e' || '1000000000')) v(x)")) {
            problem(huge);
        }
        assertEquals(
                SqlStates.STATEMENT_TOO_COMPLEX,
                problem("select " + "2*".repeat(17) + "2").sqlState());
        assertEquals(
                SqlStates.STATEMENT_TOO_COMPLEX,
                problem("select " + "2/".repeat(17) + "2").sqlState());
    }

    /** A statement that slipped through the planner would still run as a user that may only read. */
    @Test
    void theReaderCanDoNothingButRead() {
        for (String sql : List.of(
                "delete from startupmsg",
                "insert into startupmsg values (1, 1, true, 'x')",
                "update startupmsg set pid = 1",
                "create table t (a int)",
                "create local temporary table t (a int)",
                "drop table startupmsg",
                "create alias f for 'java.lang.System.exit'",
                "select file_read('/etc/passwd')",
                "select * from csvread('/etc/passwd')",
                "call csvwrite('/tmp/x', 'select 1')",
                "select file_write('x', '/tmp/x')",
                "select * from final table (delete from startupmsg)",
                "select * from final table (insert into startupmsg values (1, 1, true, 'x'))",
                "script to '/tmp/x'",
                "backup to '/tmp/x'",
                "shutdown",
                "set db_close_delay 0",
                "set password 'x'",
                "alter user pg_proxy admin true",
                "create user u password 'x' admin",
                "grant all on startupmsg to pg_proxy")) {
            Plan.Query raw = Plan.Query.own(sql, Set.of(View.STARTUPMSG), "SELECT");
            assertThrows(
                    SqlProblem.class,
                    () -> console.engine().run(raw, List.of(), List.of(), console.snapshot(), new Running()),
                    sql);
        }
        assertFalse(console.engine().isBroken());
    }

    @Test
    void aResultHasABound() throws SqlProblem {
        Object[][] many = new Object[400][];
        for (int i = 0; i < many.length; i++) {
            many[i] = new Object[] {i, (long) i, true, "x"};
        }
        console.show(Snapshots.of(View.STARTUPMSG, many));
        assertEquals("160000", rows("select count(*) from startupmsg a, startupmsg b"));
        SqlProblem problem = problem("select a.pid from startupmsg a, startupmsg b");
        assertEquals(SqlStates.PROGRAM_LIMIT_EXCEEDED, problem.sqlState());
    }

    @Test
    void aStatementEndsWhenItIsCancelled() throws Exception {
        Object[][] many = new Object[2000][];
        for (int i = 0; i < many.length; i++) {
            many[i] = new Object[] {i, (long) i, true, "x" + i};
        }
        console.show(Snapshots.of(View.STARTUPMSG, many));
        Plan.Query query =
                console.plan("select count(*) from startupmsg a, startupmsg b, startupmsg c where a.msg < b.msg");
        Running running = new Running();
        SqlProblem reason = new SqlProblem("57014", "enough", "");
        Thread canceller = new Thread(() -> {
            dev.pgproxy.testkit.process.Await.until(
                    "the statement to run", java.time.Duration.ofSeconds(10), running::isRunning);
            running.cancel(reason);
        });
        canceller.start();
        SqlProblem problem = assertThrows(
                SqlProblem.class, () -> console.engine().run(query, List.of(), List.of(), console.snapshot(), running));
        canceller.join();
        assertEquals("57014", problem.sqlState());
        assertTrue(rows("select count(*) from startupmsg").startsWith("2000"));
    }

    @Test
    void expressionsOfManyLevelsEndWell() throws Exception {
        Engines engines = new Engines();
        try {
            Plan.Query query = console.plan(
                    "select 1" + " + 1".repeat(2_000) + ", not ".repeat(1) + "not ".repeat(2_000) + "true");
            java.util.concurrent.CompletableFuture<String> outcome = new java.util.concurrent.CompletableFuture<>();
            engines.run(
                    query, List.of(), List.of(), console.snapshot(), new Running(), new Engines.Outcome<QueryResult>() {
                        @Override
                        public void succeeded(QueryResult value) {
                            outcome.complete("rows: " + value.rows().size());
                        }

                        @Override
                        public void failed(SqlProblem problem) {
                            outcome.complete(problem.sqlState());
                        }
                    });
            String said = outcome.get(30, java.util.concurrent.TimeUnit.SECONDS);
            assertTrue(said.equals("rows: 1") || said.equals(SqlStates.STATEMENT_TOO_COMPLEX), said);
        } finally {
            engines.close();
        }
    }

    /** Programs that monitor pgbouncer tell rows apart by database and user, and expect numbers. */
    @Test
    void whatPgbouncerShowsHasItsColumns() throws SqlProblem {
        console.show(Snapshots.of(
                View.POOL,
                new Object[] {"[::1]:5432", "app", "shop", "", 1, 2, 1, 0, 3, 1.25},
                new Object[] {"db2:5433", "app", "shop", "", 1, 0, 0, 1, 0, null}));
        assertEquals("shop|app|2|3|0|0|2|0|0|2|1|0|1|1|250000|session", rows("show pools"));
        assertEquals(
                "shop|[::1]|5432|shop|NULL|0|0|0|session|0|4|0|0\nshop|db2|5433|shop|NULL|0|0|0|session|0|2|0|0",
                rows("show databases"));
        assertEquals("app|session|0|6", rows("show users"));
        assertTrue(rows("show lists").startsWith("databases|1\nusers|1\npools|2\n"), rows("show lists"));
        console.show(Snapshots.of(View.STATS, new Object[] {
            "db:1", "shop", "app", 2L, 30L, 20L, 100L, 200L, 0.5, 0.25, 1.0, 3.0, 2.0, 10.0, 20.0, 4.0
        }));
        assertEquals("shop|2|20|30|100|200|500000|500000|250000", rows("show stats_totals"));
        assertEquals("shop|1|2|3|10|20|4000|4000|125000", rows("show stats_averages"));
        assertEquals("total_xact_count", run("show stats").columns().get(2).name());
    }

    @Test
    void showsEverythingThatShowKnows() throws SqlProblem {
        for (String what : List.of(
                "help",
                "tables",
                "version",
                "pools",
                "clients",
                "servers",
                "stats",
                "config",
                "events",
                "processes",
                "cluster",
                "databases",
                "users",
                "lists",
                "stats_totals",
                "stats_averages",
                "all")) {
            assertFalse(run("show " + what).columns().isEmpty(), what);
        }
    }
}
