package dev.pgproxy.master.role;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Answers the pool-workers' questions about roles, from a cache while that is fresh, else through the task-worker. Concurrent questions
 * about the same role share an answer.
 */
public final class RoleDesk implements RoleMessages.AtMaster<Worker>, WorkerRegistry.Listener {

    /** Bound on one lookup; a login waits for it. A new task-worker on a busy host needs seconds for its first one. */
    private static final long MAX_LOOKUP_MS = 5_000;

    /** The part of a login's time that a lookup may take: when there is no answer, the server still has the rest to decide. */
    private static final int LOGIN_SHARE = 2;

    /** Lookups under way; a further one is answered as if the server were unavailable. */
    private static final int MAX_LOOKUPS = 10_000;

    private record Asker(Worker worker, long sessionId) {}

    private static final class Lookup {
        private final RoleMemory.Question question;
        private final long askedNs;
        private final Scheduler.Timer timer;
        private final List<Asker> askers = new ArrayList<>();

        /** Askers that came too late to share this answer; they share the next one. */
        private final List<Asker> later = new ArrayList<>();

        private boolean outdated;

        private Lookup(RoleMemory.Question question, long askedNs, Scheduler.Timer timer) {
            this.question = question;
            this.askedNs = askedNs;
            this.timer = timer;
        }
    }

    /** Notified of role changes that concern the logins of clients. */
    @FunctionalInterface
    public interface Listener {
        /** The server may no longer authenticate clients of this role by the same method. */
        void loginChanged(Endpoint server, String user, String database);
    }

    private final EventLoop loop;
    private final WorkerRegistry workers;
    private final Listener listener;
    private final RoleMemory memory;
    private long lookupMs;
    private final Map<Long, Lookup> lookups = new HashMap<>();
    private final Map<RoleMemory.Question, Long> underWay = new HashMap<>();
    private long nextId = 1;

    /**
     * @param memory gets the answers
     * @param loginMs bound on a login
     */
    public RoleDesk(EventLoop loop, WorkerRegistry workers, RoleMemory memory, long loginMs, Listener listener) {
        this.loop = loop;
        this.workers = workers;
        this.listener = listener;
        workers.listen(this);
        this.memory = memory;
        this.lookupMs = lookupMs(loginMs);
    }

    private static long lookupMs(long loginMs) {
        return Math.min(MAX_LOOKUP_MS, loginMs / LOGIN_SHARE);
    }

    /** Drops what was found out under the previous configuration. */
    public void configure(long newRememberMs, long newLoginMs) {
        lookupMs = lookupMs(newLoginMs);
        memory.configure(newRememberMs);
        lookups.values().forEach(lookup -> lookup.outdated = true);
        underWay.clear();
    }

    /** Handles a worker's question; the answer goes to that worker. */
    @Override
    public void onFindRole(Worker worker, RoleMessages.FindRole message) {
        var question = new RoleMemory.Question(message.server(), message.user(), message.database());
        Asker asker = new Asker(worker, message.sessionId());
        RoleFacts remembered = memory.facts(question);
        if (remembered != null) {
            answer(asker, remembered);
            return;
        }
        Lookup lookup = underWay(question);
        if (lookup == null) {
            beginFor(List.of(asker), question);
        } else if (isRecent(lookup)) {
            lookup.askers.add(asker);
        } else {
            lookup.later.add(asker); // The answer under way may be too old for this login.
        }
    }

    private boolean isRecent(Lookup lookup) {
        return TimeUnit.NANOSECONDS.toMillis(loop.clock().nanoTime() - lookup.askedNs) < memory.rememberMs();
    }

    private static void answer(Asker asker, RoleFacts facts) {
        asker.worker().send(new RoleMessages.RoleFound(asker.sessionId(), facts));
    }

    private @Nullable Lookup underWay(RoleMemory.Question question) {
        Long id = underWay.get(question);
        return id == null ? null : lookups.get(id);
    }

    private void beginFor(List<Asker> askers, RoleMemory.Question question) {
        if (lookups.size() >= MAX_LOOKUPS) {
            askers.forEach(asker -> answer(asker, RoleFacts.UNAVAILABLE));
            return;
        }
        long newId = nextId++;
        Scheduler.Timer timer = loop.scheduler().afterMs(lookupMs, () -> finish(newId, RoleFacts.UNAVAILABLE));
        Lookup begun = new Lookup(question, loop.clock().nanoTime(), timer);
        begun.askers.addAll(askers);
        lookups.put(newId, begun);
        underWay.put(question, newId);
        ask(newId, begun);
    }

    private void ask(long id, Lookup lookup) {
        RoleMemory.Question question = lookup.question;
        workers.toTaskWorker(
                new RoleMessages.LookUpRole(id, question.server(), question.user(), question.database(), lookupMs));
    }

    /** The task-worker's answer. */
    @Override
    public void onRoleLookedUp(Worker worker, RoleMessages.RoleLookedUp message) {
        finish(message.lookupId(), message.facts());
    }

    private void finish(long id, RoleFacts facts) {
        Lookup lookup = lookups.remove(id);
        if (lookup == null) {
            return; // It timed out, and its askers were answered then.
        }
        lookup.timer.cancel();
        underWay.remove(lookup.question, id);
        if (!lookup.outdated) {
            // An outdated answer may precede the change that outdated it, so only the askers that wait already get
            // it. An answer is as old as its question; a failure counts from now.
            long sinceNs = facts.known() ? lookup.askedNs : loop.clock().nanoTime();
            memory.remember(lookup.question, facts, sinceNs);
        }
        lookup.askers.forEach(asker -> answer(asker, facts));
        askForThoseWhoCameLate(lookup);
    }

    /** All of them arrived before the next lookup starts, and share its answer. */
    private void askForThoseWhoCameLate(Lookup over) {
        Lookup next = underWay(over.question);
        if (over.later.isEmpty()) {
            return;
        }
        if (next == null) {
            beginFor(over.later, over.question);
        } else {
            next.askers.addAll(over.later);
        }
    }

    /** A client of this role did not pass the check against the cached facts; drops them, so that the next login reads them again. */
    @Override
    public void onRoleDoubted(Worker worker, RoleMessages.RoleDoubted message) {
        if (message.methodToo()) {
            listener.loginChanged(message.server(), message.user(), message.database());
        }
        memory.forget(new RoleMemory.Question(message.server(), message.user(), message.database()));
    }

    /** Roles or databases of this server were changed: drops everything found out before. */
    @Override
    public void onRolesChanged(Worker worker, RoleMessages.RolesChanged message) {
        Endpoint server = message.server();
        memory.forgetAll(server);
        lookups.values().stream()
                .filter(lookup -> lookup.question.server().equals(server))
                .forEach(lookup -> {
                    lookup.outdated = true;
                    underWay.remove(lookup.question);
                });
    }

    /** Repeats the pending lookups with the new task-worker; their timeouts keep running. */
    @Override
    public void workerReady(Worker worker) {
        if (worker.kind() == ChildKind.TASK) {
            lookups.forEach(this::ask);
        }
    }
}
