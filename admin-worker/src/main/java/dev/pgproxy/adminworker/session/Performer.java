package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.sql.Description;
import dev.pgproxy.adminworker.sql.Plan;
import dev.pgproxy.adminworker.sql.QueryResult;
import dev.pgproxy.adminworker.sql.ResultColumn;
import dev.pgproxy.adminworker.sql.Settings;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlStates;
import dev.pgproxy.adminworker.wire.ClientMessage;
import dev.pgproxy.adminworker.wire.Reply;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Carries out the plans of one session, one at a time: while {@link #isBusy}, none is handed in. */
final class Performer {

    /** Bytes of the lines of a COPY, which can be twice as long as the rows. */
    private static final long MAX_COPY_BYTES = 32L * 1024 * 1024;

    /** What is made of a message takes about this many times its bytes. */
    private static final int BYTES_PER_BYTE = 4;

    private final Services services;
    private final Settings settings;
    private final Asker asker;
    private final NamedStatements named;
    private final Consumer<byte[]> client;
    private final Runnable whenFree;
    private final Cursors cursors = new Cursors();
    private @Nullable StatementRun run;
    private boolean inTransaction;

    /**
     * @param named closed by DISCARD and by the end of a transaction
     * @param client receives messages
     * @param whenFree called when the session is no longer busy
     */
    Performer(
            Services services,
            Settings settings,
            Asker asker,
            NamedStatements named,
            Consumer<byte[]> client,
            Runnable whenFree) {
        this.services = services;
        this.settings = settings;
        this.asker = asker;
        this.named = named;
        this.client = client;
        this.whenFree = whenFree;
    }

    boolean isBusy() {
        return run != null;
    }

    boolean inTransaction() {
        return inTransaction;
    }

    /** Approximate bytes of results that cursors keep. */
    long heldBytes() {
        return cursors.heldBytes();
    }

    /** The columns of a cursor; empty when there is no such cursor. */
    List<ResultColumn> columnsOf(String cursor) {
        return cursors.columns(cursor);
    }

    /**
     * Checks that there is room for what is kept of a message.
     *
     * @param besides bytes of what is kept along with it
     * @return approximate bytes that it takes
     */
    long roomFor(ClientMessage message, long besides) throws SqlProblem {
        long bytes = (long) BYTES_PER_BYTE * message.length() + besides;
        if (!services.hasRoomFor(bytes, asker.mayAct())) {
            throw new SqlProblem(
                    SqlStates.OUT_OF_MEMORY,
                    "the statements, parameters and results of all sessions take as much memory as pg_proxy has for them",
                    "Close some, or try again later.");
        }
        return bytes;
    }

    /** Cancels the running statement; its client is told why. */
    void cancel() {
        if (run != null) {
            run.cancel(new SqlProblem(SqlState.QUERY_CANCELED, "canceling statement due to user request", ""));
        }
    }

    /** The session is over. */
    void end() {
        StatementRun running = run;
        run = null;
        if (running != null) {
            running.cancel(new SqlProblem(SqlState.QUERY_CANCELED, "the session is over", ""));
        }
    }

    /** Begins the next run, which reports its outcome to the ending. */
    StatementRun begin(StatementRun.Ending ending) {
        StatementRun begun = new StatementRun(services, asker, client, ending);
        run = begun;
        return begun;
    }

    /** The current run is over. */
    void free() {
        if (run != null) {
            run = null;
            whenFree.run();
        }
    }

    /** Carries out a plan. The ending is told when it is done, for some plans at once. */
    void perform(Plan plan, List<@Nullable Object> parameters, List<Boolean> formats, StatementRun.Ending ending)
            throws SqlProblem {
        if (plan instanceof Plan.Query query) {
            begin(ending).query(query, parameters, formats);
        } else if (plan instanceof Plan.End chosen) {
            demandRight();
            begin(ending).end(chosen, parameters);
        } else if (plan instanceof Plan.Command command) {
            demandRight();
            begin(ending).command(command.command(), command.argument());
        } else if (plan instanceof Plan.Copy copy) {
            begin(ending).query(copy.query(), parameters, List.of());
        } else if (plan instanceof Plan.Declare declare) {
            cursors.check(declare, inTransaction);
            begin(new DeclareEnding(declare, ending)).query(declare.query(), parameters, List.of());
        } else if (plan instanceof Plan.Fetch fetch) {
            fetch(fetch, formats, ending);
        } else if (plan instanceof Plan.Close close) {
            cursors.close(close);
            ending.done(0);
        } else if (plan instanceof Plan.Transaction transaction) {
            inTransaction = transaction.inTransaction();
            if (!inTransaction) {
                named.transactionEnded();
                cursors.transactionEnded(!transaction.tag().equals("ROLLBACK"));
            }
            ending.done(0);
        } else if (plan instanceof Plan.Setting setting) {
            set(setting);
            ending.done(0);
        }
    }

    private void fetch(Plan.Fetch plan, List<Boolean> formats, StatementRun.Ending ending) throws SqlProblem {
        if (formats.contains(true)) {
            throw new SqlProblem(
                    SqlStates.FEATURE_NOT_SUPPORTED,
                    "rows of a cursor are not available in binary format in pg_proxy",
                    "Fetch them as text.");
        }
        QueryResult rows = cursors.fetch(plan);
        if (plan.isMove()) {
            ending.done(rows.rows().size());
        } else {
            ending.rows(rows);
        }
    }

    /** Sends the client a statement's result, if there is memory for it: by COPY, or the way its protocol sends rows. */
    void deliver(Plan plan, QueryResult result, Consumer<SqlProblem> failed, Runnable sendRows) {
        if (!services.hasRoomFor(result.heldBytes(), asker.mayAct())) {
            failed.accept(tooMuchHeld());
        } else if (plan instanceof Plan.Copy copy) {
            try {
                copyOut(copy, result);
            } catch (SqlProblem e) {
                failed.accept(e);
            }
        } else {
            sendRows.run();
        }
        free();
    }

    private void copyOut(Plan.Copy plan, QueryResult result) throws SqlProblem {
        long bytes = plan.format().mostBytes(result);
        if (!services.hasRoomFor(bytes, asker.mayAct())) {
            throw tooMuchHeld();
        }
        if (bytes > MAX_COPY_BYTES) {
            throw new SqlProblem(
                    SqlStates.PROGRAM_LIMIT_EXCEEDED,
                    "this COPY may take more than " + MAX_COPY_BYTES / 1024 / 1024 + " MiB",
                    "Use LIMIT, a narrower WHERE, fewer columns, or a shorter NULL.");
        }
        client.accept(Reply.copyOut(result.columns().size()));
        if (plan.format().header()) {
            client.accept(Reply.copyData(plan.format().headerLine(result.columns())));
        }
        for (byte[] row : result.rows()) {
            client.accept(Reply.copyData(plan.format().line(row)));
        }
        client.accept(Reply.copyDone());
        client.accept(Reply.commandComplete(plan.completion(result.rows().size())));
    }

    private static SqlProblem tooMuchHeld() {
        return new SqlProblem(
                SqlStates.OUT_OF_MEMORY,
                "too many results wait for their clients to fetch them",
                "Fetch them, close sessions that are not needed, or use LIMIT.");
    }

    private void demandRight() throws SqlProblem {
        if (!asker.mayAct()) {
            throw new SqlProblem(
                    SqlStates.INSUFFICIENT_PRIVILEGE,
                    "permission denied: this session may only read",
                    services.settings().database().hasDefaultPassword()
                            ? "pg_proxy_pw is the well-known default. Set your own, reload the configuration, and log in with it."
                            : "Log in with pg_proxy_pw to act.");
        }
    }

    private void set(Plan.Setting setting) throws SqlProblem {
        switch (setting.tag()) {
            case "DISCARD ALL" -> {
                settings.reset();
                named.discard();
                cursors.closeAll();
            }
            case "DEALLOCATE" -> named.deallocate(setting.name());
            default -> {
                if (!setting.name().isEmpty()) {
                    settings.change(setting.name(), setting.value());
                    tell(setting.name());
                }
            }
        }
    }

    private void tell(String name) {
        String reported = settings.reportedName(name);
        if (reported != null) {
            client.accept(BackendMessage.parameterStatusText(
                    reported, settings.value(name).orElse("")));
        }
    }

    /** Keeps the rows for the cursor. */
    private final class DeclareEnding implements StatementRun.Ending {
        private final Plan.Declare plan;
        private final StatementRun.Ending ending;

        private DeclareEnding(Plan.Declare plan, StatementRun.Ending ending) {
            this.plan = plan;
            this.ending = ending;
        }

        @Override
        public void rows(QueryResult result) {
            if (services.hasRoomFor(result.heldBytes(), asker.mayAct())) {
                cursors.declare(plan, result, inTransaction);
                ending.done(0);
            } else {
                ending.failed(tooMuchHeld());
            }
        }

        @Override
        public void done(int count) {
            ending.done(count);
        }

        @Override
        public void described(Description description) {
            ending.described(description);
        }

        @Override
        public void failed(SqlProblem problem) {
            ending.failed(problem);
        }
    }
}
