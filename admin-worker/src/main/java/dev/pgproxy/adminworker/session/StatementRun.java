package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.snapshot.Snapshot;
import dev.pgproxy.adminworker.sql.Description;
import dev.pgproxy.adminworker.sql.Engines;
import dev.pgproxy.adminworker.sql.Plan;
import dev.pgproxy.adminworker.sql.QueryResult;
import dev.pgproxy.adminworker.sql.Running;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.wire.Reply;
import dev.pgproxy.common.ipc.OperatorCommand;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.protocol.SqlState;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The run of one statement: to the master for a snapshot or a command, to an engine, and back. It ends exactly once and in time, even if no
 * answer arrives. All calls are made on the loop's thread.
 */
final class StatementRun {

    /** Pid, id and session. */
    private static final int KEYS_OF_A_CONNECTION = 3;

    /** The master limits the time of a command and reports why it took too long; this is for a master that does not answer. */
    private static final long MASTER_GRACE_MS = 5_000;

    /** Receives the outcome of a run. */
    interface Ending {
        /** The result of a query. */
        void rows(QueryResult result);

        /** Something was done, to this many objects. */
        void done(int count);

        void described(Description description);

        void failed(SqlProblem problem);
    }

    private final Services services;
    private final Asker asker;
    private final Consumer<byte[]> notices;
    private final Ending ending;
    private final Running running = new Running();
    private Scheduler.@Nullable Timer timer;
    private long commandId;
    /** Whether the command continues even if nothing waits for its end. */
    private boolean goesOn;

    private boolean over;

    /** @param notices receives messages for the client that precede the outcome */
    StatementRun(Services services, Asker asker, Consumer<byte[]> notices, Ending ending) {
        this.services = services;
        this.asker = asker;
        this.notices = notices;
        this.ending = ending;
    }

    /** Describes a query. */
    void describe(Plan.Query query) {
        limitTime(services.queryTimeoutMs());
        services.engines().describe(query, running, onLoop(ending::described));
    }

    /** Runs a query. */
    void query(Plan.Query query, List<@Nullable Object> parameters, List<Boolean> formats) {
        limitTime(services.queryTimeoutMs());
        withSnapshot(
                query,
                snapshot ->
                        services.engines().run(query, parameters, formats, snapshot, running, onLoop(ending::rows)));
    }

    /** Ends the connections that a query chooses. */
    void end(Plan.End plan, List<@Nullable Object> parameters) {
        limitTime(services.queryTimeoutMs());
        withSnapshot(
                plan.chosen(),
                snapshot -> services.engines()
                        .keys(plan.chosen(), parameters, snapshot, running, onLoopGoingOn(this::endChosen)));
    }

    /** Logs a command that changes something, with the operator and where it comes from. */
    private void tell(String command, String argument) {
        Event event = Event.of("operator_command")
                .with("user", asker.user())
                .with("peer", asker.peer())
                .with("command", command);
        (argument.isEmpty() ? event : event.with("argument", argument)).info();
    }

    private void endChosen(List<Long> keys) {
        if (keys.isEmpty()) {
            finish(() -> ending.done(0));
        } else {
            tell("DELETE", keys.size() / KEYS_OF_A_CONNECTION + " connections");
            commandId = services.commands().end(keys, listener());
        }
    }

    /** Has the master do something. */
    void command(OperatorCommand command, String argument) {
        tell(command.name().replace('_', ' '), argument);
        if (command == OperatorCommand.SWITCHOVER) {
            goesOn = true;
            services.statementBegins(
                    running); // The master limits its time, by failover.switchover_timeout and the promotion itself.
        } else {
            limitTime(services.queryTimeoutMs() + MASTER_GRACE_MS);
        }
        commandId = services.commands().run(command, argument, listener());
    }

    private Commands.ReplyListener listener() {
        return new Commands.ReplyListener() {
            @Override
            public void notice(String message) {
                notices.accept(Reply.notice(message));
            }

            @Override
            public void done(int count, String message) {
                if (!message.isEmpty()) {
                    notice(message);
                }
                finish(() -> ending.done(count));
            }

            @Override
            public void failed(SqlProblem problem) {
                finish(() -> ending.failed(problem));
            }
        };
    }

    private void withSnapshot(Plan.Query query, Consumer<Snapshot> then) {
        if (query.views().isEmpty()) {
            then.accept(Snapshot.empty());
            return;
        }
        services.snapshots().request(query.views(), snapshot -> {
            if (over) {
                return;
            }
            if (!snapshot.missing().isEmpty()) {
                notices.accept(Reply.warning("rows of these processes are missing, they did not answer in time: "
                        + String.join(", ", snapshot.missing())));
            }
            then.accept(snapshot);
        });
    }

    private void limitTime(long timeoutMs) {
        services.statementBegins(running);
        timer = services.loop()
                .scheduler()
                .afterMs(
                        timeoutMs,
                        () -> cancel(new SqlProblem(
                                SqlState.QUERY_CANCELED,
                                "canceling statement due to statement timeout",
                                "pg_proxy_query_timeout allows " + services.queryTimeoutMs() + " ms.")));
    }

    /** Ends it now. The client gets its answer at once; an engine may take a moment longer. */
    void cancel(SqlProblem reason) {
        if (over) {
            return;
        }
        running.cancel(reason);
        if (commandId != 0) {
            services.commands().abandon(commandId);
        }
        services.watchStop(running, asker);
        SqlProblem told = goesOn
                ? new SqlProblem(
                        reason.sqlState(),
                        String.valueOf(reason.getMessage()),
                        "The switchover continues; SWITCHOVER CANCEL calls it off until the standby has been told to take over.")
                : reason;
        finish(() -> ending.failed(told));
    }

    private <T> Engines.Outcome<T> onLoop(Consumer<T> then) {
        return onLoopGoingOn(value -> finish(() -> then.accept(value)));
    }

    private <T> Engines.Outcome<T> onLoopGoingOn(Consumer<T> then) {
        return new Engines.Outcome<>() {
            @Override
            public void succeeded(T value) {
                services.post(() -> {
                    if (!over) {
                        then.accept(value);
                    }
                });
            }

            @Override
            public void failed(SqlProblem problem) {
                services.post(() -> finish(() -> ending.failed(problem)));
            }
        };
    }

    private void finish(Runnable end) {
        if (over) {
            return;
        }
        over = true;
        if (timer != null) {
            timer.cancel();
        }
        services.statementEnds(running);
        end.run();
    }
}
