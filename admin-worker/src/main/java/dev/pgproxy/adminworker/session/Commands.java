package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.OperatorCommand;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Commands sent to the master, and the listener that waits for each. */
public final class Commands {

    /** Numbers in one message: three per connection. */
    private static final int KEYS_PER_MESSAGE = 3 * 500;

    /** The listener of a command. */
    interface ReplyListener {
        void notice(String message);

        /**
         * The command was done.
         *
         * @param message what to report to the client; empty for nothing
         */
        void done(int count, String message);

        void failed(SqlProblem problem);
    }

    private final Consumer<ControlMessage> master;
    private final Map<Long, ReplyListener> listeners = new HashMap<>();
    private long nextId = 1;

    /** @param master takes messages to the master */
    public Commands(Consumer<ControlMessage> master) {
        this.master = master;
    }

    /** Has the master run a command. The listener is told of its end once, unless it {@link #abandon abandons} the command. */
    long run(OperatorCommand command, String argument, ReplyListener listener) {
        long id = nextId++;
        listeners.put(id, listener);
        master.accept(new CommandMessages.RunCommand(id, command, argument));
        return id;
    }

    /** Has the master end these connections, given by pid, id and session of each. */
    long end(List<Long> keys, ReplyListener listener) {
        long id = nextId++;
        listeners.put(id, listener);
        int from = 0;
        do {
            int to = Math.min(keys.size(), from + KEYS_PER_MESSAGE);
            master.accept(new CommandMessages.EndConnections(id, keys.subList(from, to), to == keys.size()));
            from = to;
        } while (from < keys.size());
        return id;
    }

    /** The listener no longer waits. */
    void abandon(long id) {
        if (listeners.remove(id) != null) {
            master.accept(new CommandMessages.AbandonCommand(id));
        }
    }

    /** The master has a notice about a command. */
    public void onNotice(CommandMessages.CommandNotice message) {
        ReplyListener listener = listeners.get(message.commandId());
        if (listener != null) {
            listener.notice(message.message());
        }
    }

    /** The master is done with a command. */
    public void onDone(CommandMessages.CommandDone message) {
        ReplyListener listener = listeners.remove(message.commandId());
        if (listener == null) {
            return;
        }
        if (message.sqlState().isEmpty()) {
            listener.done(message.count(), message.message());
        } else {
            listener.failed(new SqlProblem(message.sqlState(), message.message(), message.hint()));
        }
    }
}
