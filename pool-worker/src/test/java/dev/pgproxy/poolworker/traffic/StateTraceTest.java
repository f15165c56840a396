package dev.pgproxy.poolworker.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.pgproxy.common.protocol.FrontendMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateTraceTest {

    private static final String PARAMETERS = "may have set parameters of the application's own";

    private static void pass(StateTrace trace, byte type, String text) {
        byte[] body = (text + "\0").getBytes(StandardCharsets.UTF_8);
        trace.onFrontend(type, ByteBuffer.wrap(body), 0, body.length);
    }

    private static String after(String query) {
        StateTrace trace = new StateTrace();
        pass(trace, FrontendMessage.QUERY, query);
        return trace.obstacle();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "set myapp.tenant = '1'",
                "reset myapp.tenant",
                "SET\tmyapp.tenant TO '1'",
                "Set Session myapp.tenant = 1",
                "select 1; set \"myapp\" . tenant = 1",
                "select 1;set myapp.tenant=1",
                "/* a */set myapp.tenant = 1",
                "SET \"myapp.tenant\" = 1",
                "SET/**/myapp.tenant=1",
                "SET /* c */ myapp.tenant = 1",
                "SET -- c\n myapp.tenant = 1",
                "set myapp /* c */ . tenant = 1",
                "set\"myapp\".tenant = 1",
                "set \"my app\" . tenant = 1",
                "set schl\u00fcssel.id = 1",
                "do $$begin execute 'set myapp.tenant = 1'; end$$",
                "select set_config('statement_timeout', '1', false)",
                "SELECT pg_catalog.Set_Config($1, $2, $3)",
                "do $$ begin perform SET_CONFIG('a.b', '1', false); end $$"
            })
    void parametersOfTheApplicationAreNoticed(String query) {
        assertEquals(PARAMETERS, after(query));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "set",
                "set x",
                "set statement_timeout = 1.5",
                "set time zone 'Europe/Berlin'",
                "set session characteristics as transaction read only",
                "set local myapp.tenant = 1",
                "update t set a = b.c from b",
                "select a.b from dataset a offset 10",
                "select reset.x from asset.reset",
                "update t set a = 1.5, b = c.d",
                "update t set \"a\" = b.c",
                "select 'set'",
                "select load from servers s",
                "select load, workload 'x' from pg_backup_starts"
            })
    void otherQueriesAreNot(String query) {
        assertEquals("", after(query));
    }

    @Test
    void whatIsNotThereCouldBeAnything() {
        StateTrace trace = new StateTrace();
        trace.onUnseen(FrontendMessage.QUERY);
        assertEquals("has sent a query of more than 16 KiB, which is not inspected", trace.leftover());
        assertEquals(trace.leftover(), trace.obstacle());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "load 'age'",
                "LOAD E'age'",
                "select 1;LOAD $$age$$",
                "load /* c */ 'age'",
                "select pg_backup_start('x')",
                "select pg_catalog.PG_START_BACKUP('x', true, false)",
                "select pg_replication_origin_session_setup('o')",
                "select dblink_connect('host=elsewhere')",
                "select public.dblink_connect_u('name', 'host=elsewhere')",
                "select setseed(0.5)"
            })
    void librariesAndBackupsAreNoticed(String query) {
        assertEquals(
                "has loaded a library, begun a backup, opened a connection by dblink, set up a replication origin, or set the seed of random()",
                after(query));
    }

    @ParameterizedTest
    @ValueSource(strings = {"set local myapp.tenant = 1", "begin; SET LOCAL \"myapp\".tenant = 1", "set seed = 0.5"})
    void whatIsGoneWithItsTransactionIsLeftToo(String query) {
        StateTrace trace = new StateTrace();
        pass(trace, FrontendMessage.QUERY, query);
        assertNotEquals("", trace.leftover());
    }

    @ParameterizedTest
    @ValueSource(strings = {"set local work_mem = '1MB'", "set localtime = 1", "begin", "update t set local = t.a"})
    void whatResetsUndoIsNotLeft(String query) {
        StateTrace trace = new StateTrace();
        pass(trace, FrontendMessage.QUERY, query);
        assertEquals("", trace.leftover());
    }

    @Test
    void functionCallsAreByNumber() {
        StateTrace trace = new StateTrace();
        pass(trace, FrontendMessage.FUNCTION_CALL, "1");
        assertEquals(PARAMETERS, trace.obstacle());
    }

    @Test
    void statementWithoutANameIsKeptUntilItWasUsed() {
        StateTrace trace = new StateTrace();
        pass(trace, FrontendMessage.PARSE, "\0select 1");
        pass(trace, FrontendMessage.SYNC, "");
        assertEquals("has prepared a statement", trace.obstacle());
        pass(trace, FrontendMessage.BIND, "");
        assertEquals("", trace.obstacle());
    }

    @Test
    void queriesOfThePreparedKindAreReadToo() {
        StateTrace trace = new StateTrace();
        pass(trace, FrontendMessage.PARSE, "\0select set_config($1, $2, false)");
        pass(trace, FrontendMessage.BIND, "");
        assertEquals(PARAMETERS, trace.obstacle());
    }
}
