package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.sql.Description;
import dev.pgproxy.adminworker.sql.PgType;
import dev.pgproxy.adminworker.sql.Plan;
import dev.pgproxy.adminworker.sql.Planner;
import dev.pgproxy.adminworker.sql.QueryResult;
import dev.pgproxy.adminworker.sql.ResultColumn;
import dev.pgproxy.adminworker.sql.Settings;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlStates;
import dev.pgproxy.adminworker.sql.SqlText;
import dev.pgproxy.adminworker.wire.ClientMessage;
import dev.pgproxy.adminworker.wire.Reply;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The statements of one session, by the simple and the extended protocol. One thing is done after the other: while {@link #isBusy}, nothing
 * is handed in. Protocol: "Message Flow".
 */
final class Conversation {

    /** Prepared statements and portals that a session may have, each. */
    private static final int MAX_NAMED = 1_000;

    private static final int BINARY = 1;

    /** Of the lines of a COPY, which can be twice as long as the rows. */
    private static final long MAX_COPY_BYTES = 32L * 1024 * 1024;

    /** That a column takes in memory, besides its name. */
    private static final long BYTES_PER_COLUMN = 64;

    /** What is made of a message takes this many times its bytes, about. */
    private static final int BYTES_PER_BYTE = 4;

    /**
     * A statement that was parsed; an empty one has no plan.
     *
     * @param bytes that it takes, about
     */
    private record Prepared(
            @Nullable Plan plan,
            List<Integer> parameterOids,
            @Nullable Description description,
            long bytes) {}

    /** A statement with its parameters, and how much of its result the client has had. */
    private static final class Portal {
        private final Prepared statement;
        private final List<@Nullable Object> parameters;
        private final List<Boolean> formats;
        private final long bytes;
        private @Nullable QueryResult result;
        private int sent;

        private Portal(Prepared statement, List<@Nullable Object> parameters, List<Boolean> formats, long bytes) {
            this.bytes = bytes;
            this.statement = statement;
            this.parameters = parameters;
            this.formats = formats;
        }
    }

    private final Services services;
    private final Settings settings;
    private final Asker asker;
    private final Consumer<byte[]> client;
    private final Runnable whenFree;
    private final Map<String, Prepared> statements = new HashMap<>();
    private final Map<String, Portal> portals = new HashMap<>();
    private final Cursors cursors = new Cursors();
    private final ArrayDeque<SqlText> pending = new ArrayDeque<>();
    private @Nullable StatementRun run;
    private boolean inSimpleQuery;
    private boolean skipsToSync;
    private boolean inTransaction;

    /**
     * @param client takes messages
     * @param whenFree called when the conversation is not busy any more
     */
    Conversation(Services services, Settings settings, Asker asker, Consumer<byte[]> client, Runnable whenFree) {
        this.services = services;
        this.settings = settings;
        this.asker = asker;
        this.client = client;
        this.whenFree = whenFree;
    }

    /** Bytes of statements, of parameters, and of results that the client has not asked for yet, about. */
    long heldBytes() {
        long ofPortals = portals.values().stream()
                .mapToLong(portal -> portal.bytes + (portal.result == null ? 0 : portal.result.heldBytes()))
                .sum();
        return ofPortals
                + cursors.heldBytes()
                + statements.values().stream().mapToLong(Prepared::bytes).sum();
    }

    /**
     * Sees that there is room for what is to be kept of a message.
     *
     * @param besides bytes of what is kept together with it
     * @return bytes that it takes, about
     */
    private long roomFor(ClientMessage message, long besides) throws SqlProblem {
        long bytes = (long) BYTES_PER_BYTE * message.length() + besides;
        if (!services.hasRoomFor(bytes, asker.mayAct())) {
            throw new SqlProblem(
                    SqlStates.OUT_OF_MEMORY,
                    "the statements, parameters and results of all sessions take as much memory as pg_proxy has for them",
                    "Close some, or try again later.");
        }
        return bytes;
    }

    boolean isBusy() {
        return run != null;
    }

    /** Whether there is more to do before the next message: {@link #step}. */
    boolean hasMore() {
        return inSimpleQuery;
    }

    /** Does the next statement of a Query, or ends it. */
    void step() {
        SqlText next = pending.poll();
        if (next == null) {
            inSimpleQuery = false;
            ready();
            return;
        }
        try {
            Plan plan = Planner.plan(next, settings);
            perform(plan, List.of(), List.of(), new SimpleEnding(next, plan));
        } catch (SqlProblem e) {
            simpleFailed(e.movedBy(next.offset()));
        }
    }

    private void simpleFailed(SqlProblem problem) {
        pending.clear(); // As a server does: the rest of the Query is not done.
        client.accept(Reply.error(problem));
    }

    private void ready() {
        client.accept(Reply.ready(inTransaction ? 'T' : (char) BackendMessage.IDLE));
    }

    /** Ends what runs; its client is told why. */
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

    /** @throws ProtocolViolation when this is no message of a client that is logged in */
    void handle(ClientMessage message) throws ProtocolViolation {
        if (skipsToSync && message.type() != 'S') {
            return;
        }
        try {
            switch (message.type()) {
                case 'Q' -> query(message.string());
                case 'P' -> parse(message);
                case 'B' -> bind(message);
                case 'D' -> describe(message);
                case 'E' -> execute(message);
                case 'C' -> close(message);
                case 'S' -> {
                    skipsToSync = false;
                    if (!inTransaction) {
                        portals.clear();
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

    private void parse(ClientMessage message) throws ProtocolViolation, SqlProblem {
        String name = message.string();
        String sql = message.string();
        List<Integer> oids = new ArrayList<>();
        int count = message.int16();
        for (int i = 0; i < count; i++) {
            oids.add(message.int32());
        }
        if (!name.isEmpty() && statements.containsKey(name)) {
            throw new SqlProblem(
                    SqlStates.DUPLICATE_STATEMENT, "prepared statement \"" + name + "\" already exists", "");
        }
        long bytes = roomFor(message, 0);
        List<SqlText> all = SqlText.split(sql);
        if (all.size() > 1) {
            throw new SqlProblem(
                    SqlStates.SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement", "");
        }
        if (statements.size() >= MAX_NAMED) {
            throw new SqlProblem(
                    SqlStates.PROGRAM_LIMIT_EXCEEDED, "there are " + MAX_NAMED + " prepared statements already", "");
        }
        Plan plan = all.isEmpty() ? null : Planner.plan(all.get(0), settings);
        Plan.@Nullable Query query = queryOf(plan);
        if (query == null) {
            statements.put(name, new Prepared(plan, oids, null, bytes));
            client.accept(Reply.parseComplete());
            return;
        }
        int offset = all.get(0).offset();
        begin(new ExtendedEnding(offset) {
                    @Override
                    public void described(Description description) {
                        statements.put(
                                name,
                                new Prepared(
                                        plan,
                                        declared(oids, description),
                                        description,
                                        bytes
                                                + BYTES_PER_COLUMN
                                                        * description.columns().size()));
                        client.accept(Reply.parseComplete());
                        free();
                    }
                })
                .describe(query);
    }

    /** What is to be known of a statement's parameters, and its columns where it has some. */
    private static Plan.@Nullable Query queryOf(@Nullable Plan plan) {
        if (plan instanceof Plan.End ending) {
            return ending.chosen();
        }
        if (plan instanceof Plan.Copy copy) {
            return copy.query();
        }
        if (plan instanceof Plan.Declare declare) {
            return declare.query();
        }
        return plan instanceof Plan.Query query ? query : null;
    }

    /** What the client left open is what the engine takes it for. */
    private static List<Integer> declared(List<Integer> oids, Description description) {
        List<Integer> all = new ArrayList<>(description.parameterOids());
        for (int i = 0; i < Math.min(all.size(), oids.size()); i++) {
            if (oids.get(i) != 0) {
                all.set(i, oids.get(i));
            }
        }
        return all;
    }

    private Prepared statement(String name) throws SqlProblem {
        Prepared prepared = statements.get(name);
        if (prepared == null) {
            throw new SqlProblem(
                    SqlStates.INVALID_STATEMENT_NAME, "prepared statement \"" + name + "\" does not exist", "");
        }
        return prepared;
    }

    private Portal portal(String name) throws SqlProblem {
        Portal portal = portals.get(name);
        if (portal == null) {
            throw new SqlProblem(SqlStates.INVALID_CURSOR_NAME, "portal \"" + name + "\" does not exist", "");
        }
        return portal;
    }

    private void bind(ClientMessage message) throws ProtocolViolation, SqlProblem {
        String name = message.string();
        Prepared prepared = statement(message.string());
        List<Boolean> sent = formats(message);
        List<@Nullable Object> parameters = new ArrayList<>();
        int count = message.int16();
        if (count != prepared.parameterOids().size()) {
            throw new SqlProblem(
                    SqlState.PROTOCOL_VIOLATION,
                    "bind message supplies " + count + " parameters, but prepared statement requires "
                            + prepared.parameterOids().size(),
                    "");
        }
        if (sent.size() > 1 && sent.size() != count) {
            throw new SqlProblem(
                    SqlState.PROTOCOL_VIOLATION,
                    "bind message has " + sent.size() + " parameter formats but " + count + " parameters",
                    "");
        }
        for (int i = 0; i < count; i++) {
            byte[] value = message.bytes(message.int32());
            boolean binary = !sent.isEmpty() && (sent.size() == 1 ? sent.get(0) : sent.get(i));
            parameters.add(
                    value == null
                            ? null
                            : PgType.decode(value, prepared.parameterOids().get(i), binary));
        }
        List<Boolean> wanted = formats(message);
        int columns = columns(prepared).size();
        if (wanted.size() > 1 && wanted.size() != columns) {
            throw new SqlProblem(
                    SqlState.PROTOCOL_VIOLATION,
                    "bind message has " + wanted.size() + " result formats but query has " + columns + " columns",
                    "");
        }
        if (portals.size() >= MAX_NAMED) {
            throw new SqlProblem(SqlStates.PROGRAM_LIMIT_EXCEEDED, "there are " + MAX_NAMED + " portals already", "");
        }
        portals.put(name, new Portal(prepared, parameters, wanted, roomFor(message, prepared.bytes())));
        client.accept(Reply.bindComplete());
    }

    private static List<Boolean> formats(ClientMessage message) throws ProtocolViolation {
        int count = message.int16();
        List<Boolean> formats = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            formats.add(message.int16() == BINARY);
        }
        return formats;
    }

    private void describe(ClientMessage message) throws ProtocolViolation, SqlProblem {
        boolean ofStatement = message.int8() == 'S';
        String name = message.string();
        Prepared prepared = ofStatement ? statement(name) : portal(name).statement;
        if (ofStatement) {
            client.accept(Reply.parameters(prepared.parameterOids()));
        }
        List<ResultColumn> columns = columns(prepared);
        client.accept(
                columns.isEmpty()
                        ? Reply.noData()
                        : Reply.rowDescription(columns, ofStatement ? List.of() : portal(name).formats));
    }

    private List<ResultColumn> columns(Prepared prepared) {
        if (prepared.plan() instanceof Plan.Fetch fetch) {
            return fetch.isMove() ? List.of() : cursors.columns(fetch.name());
        }
        Description description = prepared.description();
        return prepared.plan() instanceof Plan.Query && description != null ? description.columns() : List.of();
    }

    private void execute(ClientMessage message) throws ProtocolViolation, SqlProblem {
        Portal portal = portal(message.string());
        int most = message.int32();
        Plan plan = portal.statement.plan();
        if (plan == null) {
            client.accept(Reply.emptyQuery());
        } else if (portal.result != null) {
            send(portal, plan, most);
        } else {
            perform(plan, portal.parameters, portal.formats, new ExtendedEnding(0) {
                @Override
                public void rows(QueryResult result) {
                    deliver(plan, result, Conversation.this::extendedFailed, () -> {
                        portal.result = result;
                        send(portal, plan, most);
                    });
                }

                @Override
                public void done(int count) {
                    client.accept(Reply.commandComplete(plan.completion(count)));
                    free();
                }
            });
        }
    }

    /** The rest of a result, at most so many rows; 0 for all. */
    private void send(Portal portal, Plan plan, int most) {
        QueryResult result = portal.result;
        if (result == null) {
            return;
        }
        int left = result.rows().size() - portal.sent;
        int count = most > 0 ? Math.min(most, left) : left;
        result.rows().subList(portal.sent, portal.sent + count).forEach(client);
        portal.sent += count;
        boolean suspended = most > 0 && count == most;
        if (!suspended) {
            portal.result = new QueryResult(result.columns(), List.of(), 0); // It is not kept for nobody.
            portal.sent = 0;
        }
        client.accept(suspended ? Reply.portalSuspended() : Reply.commandComplete(plan.completion(count)));
    }

    private void close(ClientMessage message) throws ProtocolViolation {
        if (message.int8() == 'S') {
            statements.remove(message.string());
        } else {
            portals.remove(message.string());
        }
        client.accept(Reply.closeComplete());
    }

    /** Does what a plan says. The ending is told when it is done, which for some is at once. */
    private void perform(
            Plan plan, List<@Nullable Object> parameters, List<Boolean> formats, StatementRun.Ending ending)
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
                portals.clear();
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

    /** Gives the client what a statement has come to, if there is memory for it: by COPY, or as its protocol sends rows. */
    private void deliver(Plan plan, QueryResult result, Consumer<SqlProblem> failed, Runnable sendRows) {
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
                    "what is to be copied may take more than " + MAX_COPY_BYTES / 1024 / 1024 + " MiB",
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
                            ? "pg_proxy_pw is the default that everybody knows. Set one of your own, reload the configuration, and log in with it."
                            : "Log in with pg_proxy_pw to act.");
        }
    }

    private void set(Plan.Setting setting) throws SqlProblem {
        switch (setting.tag()) {
            case "DISCARD ALL" -> {
                settings.reset();
                statements.clear();
                portals.clear();
                cursors.closeAll();
            }
            case "DEALLOCATE" -> {
                String one = setting.name();
                statements.keySet().removeIf(name -> one.isEmpty() ? !name.isEmpty() : name.equals(one));
            }
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

    private StatementRun begin(StatementRun.Ending ending) {
        StatementRun begun = new StatementRun(services, asker, client, ending);
        run = begun;
        return begun;
    }

    private void free() {
        if (run != null) {
            run = null;
            whenFree.run();
        }
    }

    /** What a statement of a Query comes to. */
    private final class SimpleEnding implements StatementRun.Ending {
        private final SqlText statement;
        private final Plan plan;

        private SimpleEnding(SqlText statement, Plan plan) {
            this.statement = statement;
            this.plan = plan;
        }

        @Override
        public void rows(QueryResult result) {
            deliver(plan, result, Conversation.this::simpleFailed, () -> {
                client.accept(Reply.rowDescription(result.columns(), List.of()));
                result.rows().forEach(client);
                client.accept(
                        Reply.commandComplete(plan.completion(result.rows().size())));
            });
        }

        @Override
        public void done(int count) {
            client.accept(Reply.commandComplete(plan.completion(count)));
            free();
        }

        @Override
        public void described(Description description) {
            throw new IllegalStateException("a Query is not described");
        }

        @Override
        public void failed(SqlProblem problem) {
            simpleFailed(problem.movedBy(statement.offset()));
            free();
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

    /** What a message of the extended protocol comes to. */
    private class ExtendedEnding implements StatementRun.Ending {
        private final int offset;

        private ExtendedEnding(int offset) {
            this.offset = offset;
        }

        @Override
        public void rows(QueryResult result) {
            throw new IllegalStateException("rows that nobody asked for");
        }

        @Override
        public void done(int count) {
            throw new IllegalStateException("something was done that nobody asked for");
        }

        @Override
        public void described(Description description) {
            throw new IllegalStateException("a description that nobody asked for");
        }

        @Override
        public void failed(SqlProblem problem) {
            extendedFailed(problem.movedBy(offset));
            free();
        }
    }
}
