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
import org.jspecify.annotations.Nullable;

/**
 * Answers the pool-workers' questions about roles, from memory while that is fresh, else through the task-worker. Those who ask
 * the same while an answer is on its way share it.
 */
public final class RoleDesk implements RoleMessages.AtMaster<Worker>, WorkerRegistry.Listener {

    /** Bound on one question; a login waits for it meanwhile. */
    private static final long LOOKUP_TIMEOUT_MS = 2_000;

    /** A server that could not be asked is not asked again for this long. */
    private static final long UNAVAILABLE_MS = 1_000;

    /** Roles that are remembered; above it the one asked for longest ago is forgotten. */
    private static final int MAX_REMEMBERED = 10_000;

    /** Questions on their way; one more is answered as if nobody could be asked. */
    private static final int MAX_LOOKUPS = 10_000;

    private static final long NS_PER_MS = 1_000_000L;

    private record Question(Endpoint server, String user, String database) {}

    private record Remembered(RoleFacts facts, long askedNs) {}

    private record Asker(Worker worker, long sessionId) {}

    private static final class Lookup {
        private final Question question;
        private final long askedNs;
        private final Scheduler.Timer timer;
        private final List<Asker> askers = new ArrayList<>();

        /** Those who came too late to share the answer: they share the next one. */
        private final List<Asker> later = new ArrayList<>();

        private boolean outdated;

        private Lookup(Question question, long askedNs, Scheduler.Timer timer) {
            this.question = question;
            this.askedNs = askedNs;
            this.timer = timer;
        }
    }

    /** Hears what the desk of clients has to know of roles. */
    @FunctionalInterface
    public interface Listener {
        /** The server may not ask clients of this role as it did. */
        void loginChanged(Endpoint server, String user, String database);
    }

    private final EventLoop loop;
    private final WorkerRegistry workers;
    private final Listener listener;
    private long rememberMs;
    private final Map<Question, Remembered> memory = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Question, Remembered> eldest) {
            return size() > MAX_REMEMBERED;
        }
    };
    private final Map<Long, Lookup> lookups = new HashMap<>();
    private final Map<Question, Long> underWay = new HashMap<>();
    private long nextId = 1;

    /** @param rememberMs how long an answer is good, counted from the question */
    public RoleDesk(EventLoop loop, WorkerRegistry workers, long rememberMs, Listener listener) {
        this.loop = loop;
        this.workers = workers;
        this.listener = listener;
        workers.listen(this);
        this.rememberMs = rememberMs;
    }

    /** What was found out under another configuration is forgotten. */
    public void configure(long newRememberMs) {
        rememberMs = newRememberMs;
        memory.clear();
        lookups.values().forEach(lookup -> lookup.outdated = true);
        underWay.clear();
    }

    /** Takes a worker's question; the answer goes to that worker. */
    @Override
    public void onFindRole(Worker worker, RoleMessages.FindRole message) {
        Question question = new Question(message.server(), message.user(), message.database());
        Asker asker = new Asker(worker, message.sessionId());
        long nowNs = loop.clock().nanoTime();
        Remembered remembered = memory.get(question);
        if (remembered != null) {
            long ageMs = (nowNs - remembered.askedNs()) / NS_PER_MS;
            if (ageMs < (remembered.facts().known() ? rememberMs : UNAVAILABLE_MS)) {
                answer(asker, remembered.facts().afterMs(ageMs));
                return;
            }
            memory.remove(question);
        }
        Lookup lookup = underWay(question);
        if (lookup == null) {
            beginFor(List.of(asker), question);
        } else if ((nowNs - lookup.askedNs) / NS_PER_MS < rememberMs) {
            lookup.askers.add(asker);
        } else {
            lookup.later.add(asker); // What is being read may be older than an answer may be.
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
        Scheduler.Timer timer = loop.scheduler().afterMs(LOOKUP_TIMEOUT_MS, () -> finish(newId, RoleFacts.UNAVAILABLE));
        Lookup begun = new Lookup(question, loop.clock().nanoTime(), timer);
        begun.askers.addAll(askers);
        lookups.put(newId, begun);
        underWay.put(question, newId);
        ask(newId, begun);
    }

    private void ask(long id, Lookup lookup) {
        Question question = lookup.question;
        workers.toTaskWorker(new RoleMessages.LookUpRole(
                id, question.server(), question.user(), question.database(), LOOKUP_TIMEOUT_MS));
    }

    /** The task-worker's answer. */
    @Override
    public void onRoleLookedUp(Worker worker, RoleMessages.RoleLookedUp message) {
        finish(message.lookupId(), message.facts());
    }

    private void finish(long id, RoleFacts facts) {
        Lookup lookup = lookups.remove(id);
        if (lookup == null) {
            return; // It took too long, and those who asked have been told so.
        }
        lookup.timer.cancel();
        underWay.remove(lookup.question, id);
        if (!lookup.outdated) {
            // Otherwise what was found may be older than the change that made it outdated: it serves nobody who asks
            // from now on.
            // An answer is as old as its question; that there was none is known since now.
            long sinceNs = facts.known() ? lookup.askedNs : loop.clock().nanoTime();
            memory.remove(lookup.question);
            memory.put(lookup.question, new Remembered(facts, sinceNs));
            forgetOutdated();
        }
        lookup.askers.forEach(asker -> answer(asker, facts));
        askForThoseWhoCameLate(lookup);
    }

    /** They all came before the next question is asked, and share its answer. */
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

    /** Secrets are not kept longer than they are of use. */
    private void forgetOutdated() {
        long nowNs = loop.clock().nanoTime();
        long longestNs = Math.max(rememberMs, UNAVAILABLE_MS) * NS_PER_MS;
        Iterator<Remembered> eldestFirst = memory.values().iterator();
        while (eldestFirst.hasNext() && nowNs - eldestFirst.next().askedNs() > longestNs) {
            eldestFirst.remove();
        }
    }

    /** What is remembered of this role did not fit what its client said; the next client is told what is true then. */
    @Override
    public void onRoleDoubted(Worker worker, RoleMessages.RoleDoubted message) {
        if (message.methodToo()) {
            listener.loginChanged(message.server(), message.user(), message.database());
        }
        memory.remove(new Question(message.server(), message.user(), message.database()));
    }

    /** Roles or databases of this server were changed by somebody: nothing that was found out before counts any more. */
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

    /** Questions wait for the next task-worker, for as long as they may. */
    @Override
    public void workerReady(Worker worker) {
        if (worker.kind() == ChildKind.TASK) {
            lookups.forEach(this::ask);
        }
    }
}
