package dev.pgproxy.adminworker.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pgproxy.common.ipc.OperatorCommand;
import dev.pgproxy.common.view.View;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlannerTest {

    private final Settings settings = new Settings("admin", "psql", "1.0", true, 4711);

    private Plan plan(String sql) throws SqlProblem {
        return Planner.plan(SqlText.split(sql).get(0), settings);
    }

    private SqlProblem problem(String sql) {
        return assertThrows(SqlProblem.class, () -> plan(sql), sql);
    }

    @Test
    void statementsEndAtSemicolonsThatAreNotQuotedOrInComments() throws SqlProblem {
        String sql = " ; select ';' /* ; /* ; */ */ ;; -- ;\n select \";\" ; select $$;$$ ; select $x$;$$;$x$;";
        List<String> texts = SqlText.split(sql).stream().map(SqlText::text).toList();
        assertEquals(
                List.of("select ';'", "select \";\"", "select $$;$$", "select $x$;$$;$x$"),
                texts.stream().map(String::strip).toList());
        assertEquals(sql.indexOf("select \";\""), SqlText.split(sql).get(1).offset());
    }

    @ParameterizedTest
    @ValueSource(strings = {"select 'a", "select \"a", "select /* a", "select $$a", "select $x$ a $$"})
    void whatDoesNotEndIsASyntaxErrorWithAPlace(String sql) {
        SqlProblem problem = assertThrows(SqlProblem.class, () -> SqlText.split(sql));
        assertEquals(SqlStates.SYNTAX_ERROR, problem.sqlState());
        assertEquals(8, problem.position());
    }

    @Test
    void queriesNeedOnlyTheTablesThatTheyName() throws SqlProblem {
        assertEquals(
                EnumSet.of(View.CONNECTION, View.POOL),
                ((Plan.Query) plan("select * from connection c join \"pool\" using (server)")).views());
        assertEquals(EnumSet.noneOf(View.class), ((Plan.Query) plan("select 'connection'")).views());
        assertEquals(
                EnumSet.of(View.CONNECTION, View.PROCESS, View.STATS, View.EVENT),
                ((Plan.Query) plan(
                                "select pid, server, (select max(server) from public.stats), c.pool from connection c"
                                        + " join process p on (c.pid = p.pid) , (select id, event from event) e where server in"
                                        + " (select server from stats where pool = 'x') order by pool, config"))
                        .views());
        assertEquals(EnumSet.of(View.POOL), ((Plan.Query) plan("table pool")).views());
        assertEquals(
                EnumSet.of(View.POOL, View.CONFIG),
                ((Plan.Query) plan("with x as (select * from pool) select * from x, (config)")).views());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select file_read('/etc/passwd')",
                "select FILE_READ ('/etc/passwd')",
                "select \"file_read\"('/etc/passwd')",
                "select file_read/* */('/etc/passwd')",
                "select pg_catalog.file_read('x')",
                "select public.file_write('a', 'b')",
                "select * from csvread('/etc/passwd')",
                "select csvwrite('/tmp/x', 'select 1')",
                "select length(space(1000000000))",
                "select repeat('x', 1000000000)",
                "select lpad('x', 1000000000)",
                "select hash('SHA256', 'a', 100000000)",
                "select * from system_range(1, 1000000000)",
                "select memory_used()",
                "select set(@a, 1)",
                "select @a",
                "select abort_session(1)",
                "select xmltable('x')",
                "select json_table('x')",
                "with recursive x as (select 1) select * from x",
                "select * from information_schema.users",
                "select * from \"information_schema\".settings",
                "select * from pg_catalog.pg_shadow",
                "select * from pg_stat_activity",
                "select unnest(array[1])",
                "select 'aaaa!' regexp '(a+)+$'",
                "select regexp_replace('aaaa!', '(a+)+$', '')",
                "select space\u00a0(3)",
                "select `repeat`('x', 100000)",
                "select * from `system_range`(1, 2)",
                "select * from `information_schema`.settings",
                "select 1 --\r, space(3)",
                "select U&\"spac!0065\" UESCAPE '!' (3)",
                "select * from U&\"information\\005fschema\".users",
                "select {fn space(3)}",
                "select 'eeeee' like '%e%e%e%ez'",
                "select 1 # 2",
                "select 12abc",
                "select pg_sleep(1)",
                "select pg_terminate_backend(1)",
                "select nextval('x')",
                "call csvwrite('/tmp/x', 'select 1')",
                "explain select 1",
                "insert into connection values (1)",
                "update connection set pid = 1",
                "delete from process",
                "truncate connection",
                "create table t (a int)",
                "create alias f for 'java.lang.System.exit'",
                "drop table connection",
                "script to '/tmp/x'",
                "runscript from '/tmp/x'",
                "backup to '/tmp/x'",
                "shutdown immediately",
                "set @a = 1",
                "set lock_timeouts = 1",
                "merge into connection values (1)",
                "grant all on connection to pg_proxy",
                "copy connection to '/tmp/x'",
                "selec 1"
            })
    void whatIsNotForOperatorsIsRefusedBeforeItReachesTheEngine(String sql) {
        problem(sql);
    }

    /** The engine might read what is between the pieces of a statement in its own way. */
    @Test
    void theEngineGetsNothingButThePiecesThatWereLookedAt() throws SqlProblem {
        Plan.Query query = (Plan.Query) plan("select/**/1 --\n,\t$x$it's$x$ , \"a\"\"b\" // the end\n from pool"
                .replace("// the end", "-- 'the end"));
        assertEquals("select 1 , 'it''s' , \"a\"\"b\" from pool", query.sql());
    }

    @Test
    void depthAndLengthHaveBounds() {
        String deep = "(".repeat(2_000) + "1" + ")".repeat(2_000);
        assertEquals(SqlStates.STATEMENT_TOO_COMPLEX, problem("select " + deep).sqlState());
        assertEquals(
                SqlStates.STATEMENT_TOO_COMPLEX,
                problem("select 1" + " + 1".repeat(10_000)).sqlState());
        assertEquals(
                SqlStates.UNDEFINED_OBJECT,
                problem("pause " + "x".repeat(20_000)).sqlState());
    }

    @Test
    void refusalsPointAtTheirReason() {
        assertEquals(8, problem("select nope(1)").position());
        assertEquals(SqlStates.UNDEFINED_FUNCTION, problem("select nope(1)").sqlState());
        assertEquals(
                SqlStates.READ_ONLY_SQL_TRANSACTION,
                problem("insert into pool values (1)").sqlState());
        assertEquals(
                SqlStates.UNDEFINED_TABLE, problem("select * from pg_authid").sqlState());
        assertEquals(15, problem("select * from pg_authid").position());
    }

    @Test
    void deletingFromConnectionChoosesTheSame() throws SqlProblem {
        Plan.End end = assertInstanceOf(Plan.End.class, plan("DELETE FROM connection c WHERE c.pid = $1"));
        assertEquals(
                "SELECT pid , id , session_id FROM connection c WHERE c . pid = $1",
                end.chosen().sql());
        assertInstanceOf(Plan.End.class, plan("delete from public.\"connection\""));
    }

    @Test
    void killEndsSessionsAsDeleteDoes() throws SqlProblem {
        Plan.End all = assertInstanceOf(Plan.End.class, plan("kill"));
        assertEquals(
                "SELECT pid , id , session_id FROM connection", all.chosen().sql());
        assertEquals("KILL", all.completion(3));
        assertEquals(
                "SELECT pid , id , session_id FROM connection WHERE database = 'shop'",
                assertInstanceOf(Plan.End.class, plan("KILL Shop")).chosen().sql());
        assertEquals(
                "SELECT pid , id , session_id FROM connection WHERE session_id = 12",
                assertInstanceOf(Plan.End.class, plan("kill_client 12"))
                        .chosen()
                        .sql());
        problem("kill a b");
        problem("kill_client");
        problem("kill_client shop");
    }

    @ParameterizedTest
    @CsvSource({
        "reload, RELOAD, ''",
        "PAUSE, PAUSE, ''",
        "pause 10.0.0.1:5432, PAUSE, 10.0.0.1:5432",
        "pause db.example.com:5432, PAUSE, db.example.com:5432",
        "resume \"[::1]:5432\", RESUME, [::1]:5432",
        "shutdown, SHUTDOWN, ''"
    })
    void commandsAreUnderstood(String sql, OperatorCommand command, String argument) throws SqlProblem {
        assertEquals(new Plan.Command(command, argument), plan(sql));
    }

    @Test
    void quotesAroundAServerDoNotMatter() throws SqlProblem {
        assertEquals(new Plan.Command(OperatorCommand.RECONNECT, "a:1"), plan("reconnect 'a:1'"));
        assertEquals(new Plan.Command(OperatorCommand.SWITCHOVER_CANCEL, ""), plan("Switchover Cancel"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "set application_name = 'x'",
                "SET SESSION extra_float_digits TO 3",
                "set client_encoding to 'UTF8'",
                "set names 'utf-8'",
                "set time zone 'UTC'",
                "set datestyle to iso, mdy",
                "set session characteristics as transaction read only",
                "set transaction isolation level serializable",
                "reset all",
                "discard all",
                "deallocate all",
                "begin read only",
                "start transaction",
                "commit",
                "rollback",
                "savepoint a",
                "rollback to savepoint a",
                "release savepoint a",
                "show server_version",
                "show transaction isolation level",
                "show \"TimeZone\"",
                "show standard_conforming_strings",
                "show pools",
                "show clients",
                "show servers",
                "show stats",
                "show config",
                "show help",
                "show tables",
                "show version"
            })
    void whatDriversAndPeopleSendIsUnderstood(String sql) throws SqlProblem {
        plan(sql);
    }

    @Test
    void transactionsAreTakenNoteOf() throws SqlProblem {
        assertEquals(new Plan.Transaction("BEGIN", true), plan("begin"));
        assertEquals(new Plan.Transaction("COMMIT", false), plan("end"));
        assertEquals(new Plan.Transaction("ROLLBACK", false), plan("abort"));
    }

    @Test
    void settingsThatDoNotExistAreErrors() {
        assertEquals(
                SqlStates.UNDEFINED_OBJECT, problem("set no_such_thing = 1").sqlState());
        assertEquals(SqlStates.UNDEFINED_OBJECT, problem("show no_such_thing").sqlState());
        assertEquals(
                SqlStates.UNDEFINED_OBJECT,
                problem("select current_setting('no_such_thing')").sqlState());
    }

    @Test
    void questionsAboutTheSessionAreAnsweredByIt() throws SqlProblem {
        Plan.Query query =
                (Plan.Query) plan("select pg_catalog.version(), current_setting('server_encoding'), pg_backend_pid()");
        assertEquals("select 'PostgreSQL 15.0 (pgproxy 1.0)' , 'UTF8' , 4711", query.sql());
        assertEquals("version", query.labels().get(0));
    }

    @Test
    void placesAreThoseOfTheStatementAsItWasWritten() throws SqlProblem {
        String sql = "select version(), nonsense";
        Plan.Query query = (Plan.Query) plan(sql);
        assertEquals(
                sql.indexOf("nonsense"), query.places().original(query.sql().indexOf("nonsense")));
    }

    @Test
    void columnsOfFunctionsAreNamedAsPostgresNamesThem() throws SqlProblem {
        assertEquals(
                Arrays.asList("count", "?column?", "max", null, "sum"),
                ((Plan.Query)
                                plan(
                                        "select count(*) filter (where idle), max(pid) + 1, max(pid), min(pid) as least, sum(a) over ()"))
                        .labels());
    }
}
