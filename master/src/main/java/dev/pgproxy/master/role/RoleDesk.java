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
import java.util.Iterator;
import java.util.LinkedHashMap;
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

    /** A role whose lookup failed is not looked up again for this long. */
    private static final long UNAVAILABLE_MS = 1_000;

    /** Roles that are cached; beyond this the oldest answer is dropped. */
    private static final int MAX_REMEMBERED = 10_000;

    /** Lookups under way; a further one is answered as if the server were unavailable. */
    private static final int MAX_LOOKUPS = 10_000;

    private record Question(Endpoint server, String user, String database) {}

    private record Remembered(RoleFacts facts, long askedNs) {}

    private record Asker(Worker worker, long sessionId) {}

    private static final class Lookup {
        private final Question question;
        private final long askedNs;
        private final Scheduler.Timer timer;
        private final List<Asker> askers = new ArrayList<>();

        /** Askers that came too late to share this answer; they share the next one. */
        private final List<Asker> later = new ArrayList<>();

        private boolean outdated;

        private Lookup(Question question, long askedNs, Scheduler.Timer timer) {
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
    private long rememberMs;
    private long lookupMs;
    private final Map<Question, Remembered> memory = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Question, Remembered> eldest) {
            return size() > MAX_REMEMBERED;
        }
    };
    private final Map<Long, Lookup> lookups = new HashMap<>();
    private final Map<Question, Long> underWay = new HashMap<>();
    private long nextId = 1;

    /**
     * @param rememberMs how long an answer is valid, counted from its question
     * @param loginMs bound on a login
     */
    public RoleDesk(EventLoop loop, WorkerRegistry workers, long rememberMs, long loginMs, Listener listener) {
        this.loop = loop;
        this.workers = workers;
        this.listener = listener;
        workers.listen(this);
        this.rememberMs = rememberMs;
        this.lookupMs = lookupMs(loginMs);
    }

    private static long lookupMs(long loginMs) {
        return Math.min(MAX_LOOKUP_MS, loginMs / LOGIN_SHARE);
    }

    /** Drops what was found out under the previous configuration. */
    public void configure(long newRememberMs, long newLoginMs) {
        rememberMs = newRememberMs;
        lookupMs = lookupMs(newLoginMs);
        memory.clear();
        lookups.values().forEach(lookup -> lookup.outdated = true);
        underWay.clear();
    }

    /** Handles a worker's question; the answer goes to that worker. */
    @Override
    public void onFindRole(Worker worker, RoleMessages.FindRole message) {
        Question question = new Question(message.server(), message.user(), message.database());
        Asker asker = new Asker(worker, message.sessionId());
        long nowNs = loop.clock().nanoTime();
        Remembered remembered = memory.get(question);
        if (remembered != null) {
            long ageMs = TimeUnit.NANOSECONDS.toMillis(nowNs - remembered.askedNs());
            if (ageMs < (remembered.facts().known() ? rememberMs : UNAVAILABLE_MS)) {
                answer(asker, remembered.facts().afterMs(ageMs));
                return;
            }
            memory.remove(question);
        }
        Lookup lookup = underWay(question);
        if (lookup == null) {
            beginFor(List.of(asker), question);
        } else if (TimeUnit.NANOSECONDS.toMillis(nowNs - lookup.askedNs) < rememberMs) {
            lookup.askers.add(asker);
        } else {
            lookup.later.add(asker); // The answer under way may be too old for this login.
        }
    }

    private static void answer(Asker asker, RoleFacts facts) {
        asker.worker().send(new RoleMessages.RoleFound(asker.sessionId(), facts));
    }

    private @Nullable Lookup underWay(Question question) {
        Long id = underWay.get(question);
        return id == null ? null : lookups.get(id);
    }

    private void beginFor(List<Asker> askers, Question question) {
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
        Question question = lookup.question;
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
            memory.remove(lookup.question);
            memory.put(lookup.question, new Remembered(facts, sinceNs));
            forgetOutdated();
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

    /** Drops expired answers: secrets are not kept longer than they are useful. */
    private void forgetOutdated() {
        long nowNs = loop.clock().nanoTime();
        long longestNs = TimeUnit.MILLISECONDS.toNanos(Math.max(rememberMs, UNAVAILABLE_MS));
        Iterator<Remembered> eldestFirst = memory.values().iterator();
        while (eldestFirst.hasNext() && nowNs - eldestFirst.next().askedNs() > longestNs) {
            eldestFirst.remove();
        }
    }

    /** A client of this role did not pass the check against the cached facts; drops them, so that the next login reads them again. */
    @Override
    public void onRoleDoubted(Worker worker, RoleMessages.RoleDoubted message) {
        if (message.methodToo()) {
            listener.loginChanged(message.server(), message.user(), message.database());
        }
        memory.remove(new Question(message.server(), message.user(), message.database()));
    }

    /** Roles or databases of this server were changed: drops everything found out before. */
    @Override
    public void onRolesChanged(Worker worker, RoleMessages.RolesChanged message) {
        Endpoint server = message.server();
        memory.keySet().removeIf(question -> question.server().equals(server));
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
