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
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The messages of the extended protocol between two Syncs. Protocol: "Extended Query". */
final class ExtendedProtocol {

    private static final int BINARY = 1;

    /** Memory that a column takes, besides its name. */
    private static final long BYTES_PER_COLUMN = 64;

    private final Settings settings;
    private final NamedStatements named;
    private final Performer performer;
    private final Consumer<byte[]> client;
    private final Consumer<SqlProblem> failed;

    /**
     * @param client receives messages
     * @param failed receives problems that occur after a message was handed in
     */
    ExtendedProtocol(
            Settings settings,
            NamedStatements named,
            Performer performer,
            Consumer<byte[]> client,
            Consumer<SqlProblem> failed) {
        this.settings = settings;
        this.named = named;
        this.performer = performer;
        this.client = client;
        this.failed = failed;
    }

    void parse(ClientMessage message) throws ProtocolViolation, SqlProblem {
        String name = message.string();
        String sql = message.string();
        List<Integer> oids = new ArrayList<>();
        int count = message.int16();
        for (int i = 0; i < count; i++) {
            oids.add(message.int32());
        }
        named.checkNew(name);
        long bytes = performer.roomFor(message, 0);
        List<SqlText> all = SqlText.split(sql);
        if (all.size() > 1) {
            throw new SqlProblem(
                    SqlStates.SYNTAX_ERROR, "cannot insert multiple commands into a prepared statement", "");
        }
        named.checkRoom();
        Plan plan = all.isEmpty() ? null : Planner.plan(all.get(0), settings);
        Plan.@Nullable Query query = queryOf(plan);
        if (query == null) {
            named.put(name, new Prepared(plan, oids, null, bytes));
            client.accept(Reply.parseComplete());
            return;
        }
        int offset = all.get(0).offset();
        performer
                .begin(new ExtendedEnding(offset) {
                    @Override
                    public void described(Description description) {
                        named.put(
                                name,
                                new Prepared(
                                        plan,
                                        declared(oids, description),
                                        description,
                                        bytes
                                                + BYTES_PER_COLUMN
                                                        * description.columns().size()));
                        client.accept(Reply.parseComplete());
                        performer.free();
                    }
                })
                .describe(query);
    }

    /** The query that describes a statement's parameters, and its columns if it has any. */
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

    /** Types that the client left open are those that the engine infers. */
    private static List<Integer> declared(List<Integer> oids, Description description) {
        List<Integer> all = new ArrayList<>(description.parameterOids());
        for (int i = 0; i < Math.min(all.size(), oids.size()); i++) {
            if (oids.get(i) != 0) {
                all.set(i, oids.get(i));
            }
        }
        return all;
    }

    void bind(ClientMessage message) throws ProtocolViolation, SqlProblem {
        String name = message.string();
        Prepared prepared = named.statement(message.string());
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
        named.checkRoomForPortal();
        named.put(name, new Portal(prepared, parameters, wanted, performer.roomFor(message, prepared.bytes())));
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

    void describe(ClientMessage message) throws ProtocolViolation, SqlProblem {
        boolean ofStatement = message.int8() == 'S';
        String name = message.string();
        Prepared prepared =
                ofStatement ? named.statement(name) : named.portal(name).statement();
        if (ofStatement) {
            client.accept(Reply.parameters(prepared.parameterOids()));
        }
        List<ResultColumn> columns = columns(prepared);
        client.accept(
                columns.isEmpty()
                        ? Reply.noData()
                        : Reply.rowDescription(
                                columns,
                                ofStatement ? List.of() : named.portal(name).formats()));
    }

    private List<ResultColumn> columns(Prepared prepared) {
        if (prepared.plan() instanceof Plan.Fetch fetch) {
            return fetch.isMove() ? List.of() : performer.columnsOf(fetch.name());
        }
        Description description = prepared.description();
        return prepared.plan() instanceof Plan.Query && description != null ? description.columns() : List.of();
    }

    void execute(ClientMessage message) throws ProtocolViolation, SqlProblem {
        Portal portal = named.portal(message.string());
        int most = message.int32();
        Plan plan = portal.statement().plan();
        if (plan == null) {
            client.accept(Reply.emptyQuery());
        } else if (portal.hasRun()) {
            send(portal, plan, most);
        } else {
            performer.perform(plan, portal.parameters(), portal.formats(), new ExtendedEnding(0) {
                @Override
                public void rows(QueryResult result) {
                    performer.deliver(plan, result, failed, () -> {
                        portal.ran(result);
                        send(portal, plan, most);
                    });
                }

                @Override
                public void done(int count) {
                    client.accept(Reply.commandComplete(plan.completion(count)));
                    performer.free();
                }
            });
        }
    }

    /** Sends the rest of a result, at most this many rows; 0 for all. */
    private void send(Portal portal, Plan plan, int most) {
        int count = portal.send(most, client);
        boolean suspended = most > 0 && count == most;
        client.accept(suspended ? Reply.portalSuspended() : Reply.commandComplete(plan.completion(count)));
    }

    void close(ClientMessage message) throws ProtocolViolation {
        if (message.int8() == 'S') {
            named.close(message.string());
        } else {
            named.closePortal(message.string());
        }
        client.accept(Reply.closeComplete());
    }

    /** The outcome of a message of the extended protocol. */
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
            failed.accept(problem.movedBy(offset));
            performer.free();
        }
    }
}
