package dev.pgproxy.adminworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.adminworker.sql.Description;
import dev.pgproxy.adminworker.sql.Plan;
import dev.pgproxy.adminworker.sql.Planner;
import dev.pgproxy.adminworker.sql.QueryResult;
import dev.pgproxy.adminworker.sql.Settings;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlText;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.ipc.OperatorCommand;
import dev.pgproxy.common.ipc.SnapshotMessages;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.SqlState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StatementRunTest {

    private static final long GRACE_MS = 5_000;

    private final PlayedServices services = new PlayedServices();
    private final List<String> outcomes = new ArrayList<>();
    private final List<byte[]> notices = new ArrayList<>();
    private final StatementRun run = new StatementRun(
            services,
            new Asker("ann", new Peer.Tcp("127.0.0.1", 40_000), true),
            notices::add,
            new StatementRun.Ending() {
                @Override
                public void rows(QueryResult result) {
                    outcomes.add(result.rows().size() + " rows");
                }

                @Override
                public void done(int count) {
                    outcomes.add("done " + count);
                }

                @Override
                public void described(Description description) {
                    outcomes.add(description.columns().size() + " columns");
                }

                @Override
                public void failed(SqlProblem problem) {
                    outcomes.add(problem.sqlState());
                }
            });

    @AfterEach
    void close() {
        services.close();
    }

    private static Plan.Query query(String sql) throws SqlProblem {
        Settings settings = new Settings("ann", "", "test", true, 77);
        return (Plan.Query) Planner.plan(SqlText.split(sql).get(0), settings);
    }

    private static SqlProblem cancelled() {
        return new SqlProblem(SqlState.QUERY_CANCELED, "canceling statement due to user request", "");
    }

    private <M> M told(Class<M> type) {
        return services.toMaster().stream()
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aQueryEndsWithItsRows() throws SqlProblem {
        run.query(query("select 1 union all select 2"), List.of(), List.of());
        assertEquals(List.of(), outcomes, "an engine answers on its own thread");
        services.runPosted();
        assertEquals(List.of("2 rows"), outcomes);
        assertEquals(List.of(), services.toMaster(), "it reads no table");
    }

    @Test
    void aDescriptionEndsWithItsColumns() throws SqlProblem {
        run.describe(query("select 1 as a, 2 as b"));
        services.runPosted();
        assertEquals(List.of("2 columns"), outcomes);
    }

    @Test
    void whatIsMissingInASnapshotIsToldBeforeTheRows() throws SqlProblem {
        run.query(query("select count(*) from process"), List.of(), List.of());
        long id = told(SnapshotMessages.TakeSnapshot.class).snapshotId();
        services.snapshots().onSnapshotComplete(new SnapshotMessages.SnapshotComplete(id, List.of("pool-1")));
        services.runPosted();
        assertEquals(1, notices.size());
        assertEquals('N', notices.get(0)[0]);
        assertEquals(List.of("1 rows"), outcomes);
    }

    @Test
    void aCancelledQueryEndsAtOnceAndOnce() throws SqlProblem {
        run.query(query("select 1"), List.of(), List.of());
        run.cancel(cancelled());
        assertEquals(List.of(SqlState.QUERY_CANCELED), outcomes);
        run.cancel(cancelled());
        services.runPosted();
        services.pass(100_000);
        assertEquals(1, outcomes.size(), "what the engine answers comes too late");
    }

    @Test
    void aQueryWhoseSnapshotNeverComesEndsInTime() throws SqlProblem {
        run.query(query("select * from process"), List.of(), List.of());
        services.pass(services.queryTimeoutMs() - 1);
        assertEquals(List.of(), outcomes);
        services.pass(1);
        assertEquals(List.of(SqlState.QUERY_CANCELED), outcomes);
    }

    @Test
    void aCommandEndsWithTheMastersAnswer() {
        run.command(OperatorCommand.RELOAD, "");
        long id = told(CommandMessages.RunCommand.class).commandId();
        services.commands().onDone(new CommandMessages.CommandDone(id, "", 3, "changed: nothing", ""));
        assertEquals(List.of("done 3"), outcomes);
        assertEquals(1, notices.size());
    }

    /** The master bounds a command, and says what took too long; the bound here is for a master that does not answer. */
    @Test
    void aCommandThatTheMasterNeverAnswersEndsInTime() {
        run.command(OperatorCommand.RELOAD, "");
        services.pass(services.queryTimeoutMs() + GRACE_MS - 1);
        assertEquals(List.of(), outcomes);
        services.pass(1);
        assertEquals(List.of(SqlState.QUERY_CANCELED), outcomes);
        told(CommandMessages.AbandonCommand.class);
    }

    @Test
    void aSwitchoverHasNoBoundHere() {
        run.command(OperatorCommand.SWITCHOVER, "standby:5432");
        services.pass(10 * (services.queryTimeoutMs() + GRACE_MS));
        assertEquals(List.of(), outcomes);
        run.cancel(cancelled());
        assertEquals(List.of(SqlState.QUERY_CANCELED), outcomes);
    }

    @Test
    void anEndThatChoosesNoConnectionDoesNotBotherTheMaster() throws SqlProblem {
        Settings settings = new Settings("ann", "", "test", true, 77);
        Plan.End none = (Plan.End) Planner.plan(
                SqlText.split("delete from connection where pid = -1").get(0), settings);
        run.end(none, List.of());
        long id = told(SnapshotMessages.TakeSnapshot.class).snapshotId();
        services.snapshots().onSnapshotComplete(new SnapshotMessages.SnapshotComplete(id, List.of()));
        services.runPosted();
        assertEquals(List.of("done 0"), outcomes);
        assertTrue(services.toMaster().stream().noneMatch(CommandMessages.EndConnections.class::isInstance));
    }
}
