package dev.pgproxy.master.admin;

import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;

/** Ends the connections that an operator has chosen: those that wait here, and those at workers through their worker. */
final class EndingDesk implements WorkerRegistry.Listener {

    /** Numbers that identify a connection: pid, id, session. */
    private static final int KEY_PARTS = 3;

    /** Connections that one command may name. */
    private static final int MAX_KEYS = 100_000;

    /** Ids in one message, so that it fits. */
    private static final int IDS_PER_MESSAGE = 500;

    /** Commands under way at once; the admin-worker has at most one per session. */
    private static final int MAX_COMMANDS = 1_000;

    private static final long WORKERS_TIMEOUT_MS = 2_000;

    private static final class Command {
        private final List<Long> keys = new ArrayList<>();
        private final Map<Worker, Integer> unanswered = new LinkedHashMap<>();
        private int ended;
    }

    private final EventLoop loop;
    private final long ownPid;
    private final WorkerRegistry workers;
    private final ToIntFunction<Set<Long>> endWaiting;
    private final Answers answers;
    private final Map<Long, Command> commands = new HashMap<>();
    private final Map<Long, Scheduler.Timer> timers = new HashMap<>();

    /** The admin-worker's number of each command, by our request number: a worker may still answer a request of an earlier admin-worker. */
    private final Map<Long, Long> askedAs = new HashMap<>();

    private long nextRequest = 1;

    /** @param endWaiting ends those of the given sessions that wait in this process, and returns their number */
    EndingDesk(
            EventLoop loop, long ownPid, WorkerRegistry workers, ToIntFunction<Set<Long>> endWaiting, Answers answers) {
        this.loop = loop;
        this.ownPid = ownPid;
        this.workers = workers;
        this.endWaiting = endWaiting;
        this.answers = answers;
        workers.listen(this);
    }

    /** The worker's connections have ended, though not because of the command. */
    @Override
    public void workerGone(Worker worker) {
        for (Map.Entry<Long, Command> entry : List.copyOf(commands.entrySet())) {
            if (entry.getValue().unanswered.remove(worker) != null) {
                answerIfDone(entry.getKey(), entry.getValue());
            }
        }
    }

    void end(CommandMessages.EndConnections message) {
        long id = message.commandId();
        Command command = commands.computeIfAbsent(id, key -> new Command());
        command.keys.addAll(message.keys());
        if (command.keys.size() > MAX_KEYS * KEY_PARTS || commands.size() > MAX_COMMANDS) {
            commands.remove(id);
            answers.failed(
                    id,
                    SqlState.PROGRAM_LIMIT_EXCEEDED,
                    "more than " + MAX_KEYS + " connections are too many to end in one command",
                    "End fewer with a narrower WHERE.");
        } else if (message.last()) {
            perform(id, command);
        }
    }

    private void perform(long id, Command command) {
        Map<Long, Set<Long>> sessions = new HashMap<>();
        Map<Long, Set<Long>> backends = new HashMap<>();
        Set<Long> waiting = new HashSet<>();
        for (int i = 0; i + KEY_PARTS <= command.keys.size(); i += KEY_PARTS) {
            long pid = command.keys.get(i);
            long session = command.keys.get(i + 2);
            if (pid == ownPid) {
                waiting.add(session);
            } else if (session > 0) {
                sessions.computeIfAbsent(pid, key -> new HashSet<>()).add(session);
            } else {
                backends.computeIfAbsent(pid, key -> new HashSet<>()).add(command.keys.get(i + 1));
            }
        }
        command.keys.clear();
        command.ended += endWaiting.applyAsInt(waiting);
        for (Worker worker : workers.poolWorkers()) {
            ask(id, command, worker, sessions.getOrDefault(worker.pid(), Set.of()), true);
            ask(id, command, worker, backends.getOrDefault(worker.pid(), Set.of()), false);
        }
        timers.put(id, loop.scheduler().afterMs(WORKERS_TIMEOUT_MS, () -> timedOut(id)));
        answerIfDone(id, command);
    }

    private void ask(long id, Command command, Worker worker, Set<Long> ids, boolean areSessions) {
        List<Long> all = List.copyOf(ids);
        for (int from = 0; from < all.size(); from += IDS_PER_MESSAGE) {
            List<Long> some = all.subList(from, Math.min(all.size(), from + IDS_PER_MESSAGE));
            command.unanswered.merge(worker, 1, Integer::sum);
            long request = nextRequest++;
            askedAs.put(request, id);
            worker.send(new CommandMessages.EndSessions(
                    request, areSessions ? some : List.of(), areSessions ? List.of() : some));
        }
    }

    void onEnded(Worker worker, CommandMessages.SessionsEnded message) {
        Long id = askedAs.remove(message.commandId());
        Command command = id == null ? null : commands.get(id);
        if (id != null && command != null && command.unanswered.containsKey(worker)) {
            command.ended += message.count();
            command.unanswered.computeIfPresent(worker, (key, count) -> count > 1 ? count - 1 : null);
            answerIfDone(id, command);
        }
    }

    private void timedOut(long id) {
        Command command = commands.get(id);
        if (command != null) {
            String late = String.join(
                    ", ", command.unanswered.keySet().stream().map(Worker::name).toList());
            forget(id);
            answers.failed(
                    id,
                    SqlState.QUERY_CANCELED,
                    command.ended + " connections were ended, and " + late + " did not answer in time",
                    "Query again; a worker that hangs is replaced after worker_hang_timeout.");
        }
    }

    private void answerIfDone(long id, Command command) {
        if (command.unanswered.isEmpty() && timers.containsKey(id)) {
            forget(id);
            Event.of("connections_ended")
                    .with("count", command.ended)
                    .message("an operator ended connections")
                    .info();
            answers.done(id, command.ended, "");
        }
    }

    private void forget(long id) {
        commands.remove(id);
        askedAs.values().removeIf(command -> command == id);
        Scheduler.Timer timer = timers.remove(id);
        if (timer != null) {
            timer.cancel();
        }
    }

    /** No operator waits for an answer any more; what was begun continues. */
    void abandonAll() {
        List.copyOf(commands.keySet()).forEach(this::forget);
    }
}
