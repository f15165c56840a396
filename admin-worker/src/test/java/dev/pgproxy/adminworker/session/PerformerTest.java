package dev.pgproxy.adminworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.adminworker.sql.Description;
import dev.pgproxy.adminworker.sql.Plan;
import dev.pgproxy.adminworker.sql.Planner;
import dev.pgproxy.adminworker.sql.QueryResult;
import dev.pgproxy.adminworker.sql.Settings;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlStates;
import dev.pgproxy.adminworker.sql.SqlText;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.SqlState;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PerformerTest {

    private final PlayedServices services = new PlayedServices();
    private final List<byte[]> heard = new ArrayList<>();
    private final List<String> outcomes = new ArrayList<>();
    private int freed;

    @AfterEach
    void close() {
        services.close();
    }

    private final class Noted implements StatementRun.Ending {
        private final Performer performer;
        private final Plan plan;

        private Noted(Performer performer, Plan plan) {
            this.performer = performer;
            this.plan = plan;
        }

        @Override
        public void rows(QueryResult result) {
            performer.deliver(
                    plan,
                    result,
                    problem -> outcomes.add(problem.sqlState()),
                    () -> outcomes.add(result.rows().size() + " rows"));
        }

        @Override
        public void done(int count) {
            outcomes.add("done " + count);
            performer.free();
        }

        @Override
        public void described(Description description) {
            throw new AssertionError("no description was asked for");
        }

        @Override
        public void failed(SqlProblem problem) {
            outcomes.add(problem.sqlState());
            performer.free();
        }
    }

    private final Settings settings = new Settings("ann", "", "test", true, 77);

    private Performer performer(boolean mayAct) {
        return new Performer(
                services,
                settings,
                new Asker("ann", new Peer.Tcp("127.0.0.1", 40_000), mayAct),
                new NamedStatements(),
                heard::add,
                () -> freed++);
    }

    private void perform(Performer performer, String sql) throws SqlProblem {
        Plan plan = Objects.requireNonNull(Planner.plan(SqlText.split(sql).get(0), settings));
        performer.perform(plan, List.of(), List.of(), new Noted(performer, plan));
        if (performer.isBusy()) {
            services.runPosted();
        }
    }

    private String types() {
        return heard.stream().map(message -> String.valueOf((char) message[0])).collect(Collectors.joining());
    }

    @Test
    void itIsBusyUntilItsRunHasEnded() throws SqlProblem {
        Performer performer = performer(true);
        Plan plan =
                Objects.requireNonNull(Planner.plan(SqlText.split("select 1").get(0), settings));
        performer.perform(plan, List.of(), List.of(), new Noted(performer, plan));
        assertTrue(performer.isBusy());
        services.runPosted();
        assertFalse(performer.isBusy());
        assertEquals(List.of("1 rows"), outcomes);
        assertEquals(1, freed);
    }

    @Test
    void whoeverMayOnlyReadActsOnNothing() {
        Performer reader = performer(false);
        SqlProblem refused = assertThrows(SqlProblem.class, () -> perform(reader, "reload"));
        assertEquals(SqlStates.INSUFFICIENT_PRIVILEGE, refused.sqlState());
        assertThrows(SqlProblem.class, () -> perform(reader, "delete from connection"));
        assertEquals(List.of(), services.toMaster());
        assertFalse(reader.isBusy());
    }

    @Test
    void cursorsLastAsLongAsTheirTransaction() throws SqlProblem {
        Performer performer = performer(true);
        perform(performer, "begin");
        assertTrue(performer.inTransaction());
        perform(performer, "declare c cursor for select 1 union all select 2");
        assertTrue(performer.heldBytes() > 0);
        assertEquals(1, performer.columnsOf("c").size());
        perform(performer, "fetch 1 from c");
        perform(performer, "commit");
        assertFalse(performer.inTransaction());
        assertEquals(0, performer.heldBytes());
        assertEquals(List.of(), performer.columnsOf("c"));
        assertEquals(List.of("done 0", "done 0", "1 rows", "done 0"), outcomes);
        assertThrows(SqlProblem.class, () -> perform(performer, "fetch 1 from c"));
    }

    @Test
    void aResultForWhichThereIsNoMemoryFails() throws SqlProblem {
        Performer performer = performer(true);
        services.memory(0);
        perform(performer, "select 1");
        assertEquals(List.of(SqlStates.OUT_OF_MEMORY), outcomes);
        assertFalse(performer.isBusy());
    }

    @Test
    void aCopySendsItsRowsAsLines() throws SqlProblem {
        perform(performer(true), "copy (select 1 union all select 2) to stdout");
        assertEquals("HddcC", types());
        assertEquals(List.of(), outcomes, "nothing is left for the protocol to send");
    }

    @Test
    void aReportedSettingIsReportedWhenItChanges() throws SqlProblem {
        Performer performer = performer(true);
        perform(performer, "set application_name = 'watch'");
        assertEquals("S", types());
        perform(performer, "set statement_timeout = 0");
        assertEquals("S", types());
        assertEquals("watch", settings.value("application_name").orElseThrow());
        perform(performer, "discard all");
        assertEquals("", settings.value("application_name").orElseThrow());
    }

    @Test
    void aCancelEndsTheRunAndTheEndOfTheSessionTellsNobody() throws SqlProblem {
        Performer performer = performer(true);
        Plan plan = Objects.requireNonNull(
                Planner.plan(SqlText.split("select * from process").get(0), settings));
        performer.perform(plan, List.of(), List.of(), new Noted(performer, plan));
        performer.cancel();
        assertEquals(List.of(SqlState.QUERY_CANCELED), outcomes);
        assertEquals(1, freed);

        performer.perform(plan, List.of(), List.of(), new Noted(performer, plan));
        performer.end();
        assertEquals(1, freed);
        assertFalse(performer.isBusy());
    }
}
