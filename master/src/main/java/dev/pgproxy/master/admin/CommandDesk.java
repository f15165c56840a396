package dev.pgproxy.master.admin;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.failover.SwitchoverDesk;
import dev.pgproxy.master.routing.Dispatcher;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.concurrent.TimeUnit;

/** Executes the commands of operators, and answers through the admin-worker. */
public final class CommandDesk implements CommandMessages.AtMaster<Worker>, WorkerRegistry.Listener, Answers {

    private static final int MAX_ANSWER_CHARS = 3_000;

    /** Operations of the master as a whole. */
    public interface Proxy {
        /** The configuration in force. */
        ProxyConfig config();

        /** Reads the configuration file again. */
        ReloadResult reload();

        /** @param why for the log */
        void stop(String why);
    }

    /**
     * The result of a reload.
     *
     * @param problems of the file, because of which nothing was changed; empty if the file was applied
     * @param summary what was changed and what was not
     */
    public record ReloadResult(String problems, String summary) {}

    private final EventLoop loop;
    private final WorkerRegistry workers;
    private final Proxy proxy;
    private final ReaderBar readers = new ReaderBar();
    private final ServerCommands servers;
    private final EndingDesk endings;

    /** @param pid of this process */
    public CommandDesk(
            EventLoop loop,
            WorkerRegistry workers,
            Dispatcher dispatcher,
            SwitchoverDesk switchovers,
            Proxy proxy,
            int pid) {
        this.loop = loop;
        this.workers = workers;
        this.proxy = proxy;
        this.servers = new ServerCommands(loop, workers, dispatcher, switchovers, proxy::config, this);
        this.endings = new EndingDesk(loop, pid, workers, dispatcher::endByOperator, this);
        workers.listen(this);
    }

    /** How long readers of pg_proxy are still kept out, in milliseconds. */
    public long readersWaitMs() {
        return readers.waitMs(loop.clock().nanoTime());
    }

    @Override
    public void workerGone(Worker worker) {
        if (worker.kind() == ChildKind.ADMIN) {
            servers.abandonAll(); // Operators lost their sessions with it, and have to log in again.
            endings.abandonAll();
        }
    }

    /** A reader of pg_proxy has cost all operators the admin-worker. */
    @Override
    public void onReaderRanAway(Worker worker, CommandMessages.ReaderRanAway message) {
        long waitMs = readers.ranAway(loop.clock().nanoTime());
        Event.of("readers_barred")
                .with("seconds", TimeUnit.MILLISECONDS.toSeconds(waitMs))
                .message("a statement of a reader of pg_proxy could not be stopped;"
                        + " logins with pg_proxy_stats_pw are refused for a while")
                .hint("event=sql_runaway, just before, says whose it was. Operators with pg_proxy_pw can log in.")
                .warn();
    }

    @Override
    public void onSessionsEnded(Worker worker, CommandMessages.SessionsEnded message) {
        endings.onEnded(worker, message);
    }

    @Override
    public void onEndConnections(Worker worker, CommandMessages.EndConnections message) {
        endings.end(message);
    }

    /** The operator has stopped waiting; what the command began stays as it is. */
    @Override
    public void onAbandonCommand(Worker worker, CommandMessages.AbandonCommand message) {
        servers.abandon(message.commandId());
    }

    @Override
    public void onRunCommand(Worker worker, CommandMessages.RunCommand message) {
        long id = message.commandId();
        switch (message.command()) {
            case RELOAD -> reload(id);
            case SWITCHOVER -> servers.switchover(id, message.argument());
            case SWITCHOVER_CANCEL -> servers.cancelSwitchover(id);
            case PAUSE -> servers.pause(id, message.argument());
            case RESUME -> servers.resume(id, message.argument());
            case RECONNECT -> servers.reconnect(id, message.argument());
            case SHUTDOWN -> {
                done(id, 0, "");
                loop.atEndOfTick(() -> proxy.stop("SHUTDOWN"));
            }
        }
    }

    private void reload(long id) {
        ReloadResult result = proxy.reload();
        if (result.problems().isEmpty()) {
            done(id, 0, result.summary());
        } else {
            failed(
                    id,
                    SqlState.CONFIG_FILE_ERROR,
                    "the configuration was not reloaded, and nothing was changed: " + result.problems(),
                    "Fix the file; pgproxy-master --check shows the same problems.");
        }
    }

    @Override
    public void notice(long commandId, String message) {
        workers.toAdminWorker(new CommandMessages.CommandNotice(commandId, bounded(message)));
    }

    @Override
    public void done(long commandId, int count, String message) {
        workers.toAdminWorker(new CommandMessages.CommandDone(commandId, "", count, bounded(message), ""));
    }

    @Override
    public void failed(long commandId, String sqlState, String message, String hint) {
        workers.toAdminWorker(new CommandMessages.CommandDone(commandId, sqlState, 0, bounded(message), hint));
    }

    /** A configuration can have more problems than fit into a message; the log names them all. */
    private static String bounded(String message) {
        return message.length() > MAX_ANSWER_CHARS ? message.substring(0, MAX_ANSWER_CHARS) + "..." : message;
    }
}
