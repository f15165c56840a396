package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.sql.Description;
import dev.pgproxy.adminworker.sql.Plan;
import dev.pgproxy.adminworker.sql.Planner;
import dev.pgproxy.adminworker.sql.QueryResult;
import dev.pgproxy.adminworker.sql.Settings;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlStates;
import dev.pgproxy.adminworker.sql.SqlText;
import dev.pgproxy.adminworker.wire.ClientMessage;
import dev.pgproxy.adminworker.wire.Reply;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.Consumer;

/**
 * The statements of one session, by the simple and the extended protocol, one at a time: while {@link #isBusy}, nothing is handed in.
 * Protocol: "Message Flow".
 */
final class Conversation {

    private final Settings settings;
    private final Consumer<byte[]> client;
    private final NamedStatements named = new NamedStatements();
    private final Performer performer;
    private final ExtendedProtocol extended;
    private final ArrayDeque<SqlText> pending = new ArrayDeque<>();
    private boolean inSimpleQuery;
    private boolean skipsToSync;

    /**
     * @param client receives messages
     * @param whenFree called when the conversation is no longer busy
     */
    Conversation(Services services, Settings settings, Asker asker, Consumer<byte[]> client, Runnable whenFree) {
        this.settings = settings;
        this.client = client;
        this.performer = new Performer(services, settings, asker, named, client, whenFree);
        this.extended = new ExtendedProtocol(settings, named, performer, client, this::extendedFailed);
    }

    /** Approximate bytes of statements, parameters, and results that the client has not fetched yet. */
    long heldBytes() {
        return named.heldBytes() + performer.heldBytes();
    }

    boolean isBusy() {
        return performer.isBusy();
    }

    /** Whether there is more to do before the next message: {@link #step}. */
    boolean hasMore() {
        return inSimpleQuery;
    }

    /** Runs the next statement of a Query, or ends the Query. */
    void step() {
        SqlText next = pending.poll();
        if (next == null) {
            inSimpleQuery = false;
            ready();
            return;
        }
        try {
            Plan plan = Planner.plan(next, settings);
            performer.perform(plan, List.of(), List.of(), new SimpleEnding(next, plan));
        } catch (SqlProblem e) {
            simpleFailed(e.movedBy(next.offset()));
        }
    }

    private void simpleFailed(SqlProblem problem) {
        pending.clear(); // As a server does, skip the rest of the Query.
        client.accept(Reply.error(problem));
    }

    private void ready() {
        client.accept(Reply.ready(performer.inTransaction() ? 'T' : (char) BackendMessage.IDLE));
    }

    /** Cancels the running statement; its client is told why. */
    void cancel() {
        performer.cancel();
    }

    /** The session is over. */
    void end() {
        performer.end();
    }

    /** @throws ProtocolViolation when a logged-in client must not send this message */
    void handle(ClientMessage message) throws ProtocolViolation {
        if (skipsToSync && message.type() != 'S') {
            return;
        }
        try {
            switch (message.type()) {
                case 'Q' -> query(message.string());
                case 'P' -> extended.parse(message);
                case 'B' -> extended.bind(message);
                case 'D' -> extended.describe(message);
                case 'E' -> extended.execute(message);
                case 'C' -> extended.close(message);
                case 'S' -> {
                    skipsToSync = false;
                    if (!performer.inTransaction()) {
                        named.transactionEnded();
                    }
                    ready();
                }
                case 'H', 'd', 'c', 'f' -> {} // Flush: everything is sent at once. COPY: none is under way.
                case 'F' ->
                    throw new SqlProblem(
                            SqlStates.FEATURE_NOT_SUPPORTED, "function calls are not available in pg_proxy", "");
                default -> throw ProtocolViolation.of("invalid frontend message type " + (int) message.type());
            }
        } catch (SqlProblem e) {
            if (message.type() == 'Q' || message.type() == 'F') {
                client.accept(Reply.error(e));
                ready();
            } else {
                extendedFailed(e);
            }
        }
    }

    private void extendedFailed(SqlProblem problem) {
        skipsToSync = true;
        client.accept(Reply.error(problem));
    }

    private void query(String sql) throws SqlProblem {
        List<SqlText> all = SqlText.split(sql);
        if (all.isEmpty()) {
            client.accept(Reply.emptyQuery());
        }
        pending.addAll(all);
        inSimpleQuery = true;
    }

    /** The outcome of a statement of a Query. */
    private final class SimpleEnding implements StatementRun.Ending {
        private final SqlText statement;
        private final Plan plan;

        private SimpleEnding(SqlText statement, Plan plan) {
            this.statement = statement;
            this.plan = plan;
        }

        @Override
        public void rows(QueryResult result) {
            performer.deliver(plan, result, Conversation.this::simpleFailed, () -> {
                client.accept(Reply.rowDescription(result.columns(), List.of()));
                result.rows().forEach(client);
                client.accept(
                        Reply.commandComplete(plan.completion(result.rows().size())));
            });
        }

        @Override
        public void done(int count) {
            client.accept(Reply.commandComplete(plan.completion(count)));
            performer.free();
        }

        @Override
        public void described(Description description) {
            throw new IllegalStateException("a Query is not described");
        }

        @Override
        public void failed(SqlProblem problem) {
            simpleFailed(problem.movedBy(statement.offset()));
            performer.free();
        }
    }
}
