package dev.pgproxy.master.role;

import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.net.Endpoint;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What was found out about roles not long ago. */
public final class RoleMemory {

    /** A role whose lookup failed is not looked up again for this long. */
    private static final long UNAVAILABLE_MS = 1_000;

    /** Roles that are remembered; beyond this the oldest answer is dropped. */
    private static final int MAX_REMEMBERED = 10_000;

    /** A role and a database of a server, whose names are held one char per byte. */
    record Question(Endpoint server, String user, String database) {}

    private record Remembered(RoleFacts facts, long askedNs) {}

    private final Clock clock;
    private long rememberMs;
    private final Map<Question, Remembered> answers = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Question, Remembered> eldest) {
            return size() > MAX_REMEMBERED;
        }
    };

    /** @param rememberMs how long an answer is valid, counted from its question */
    public RoleMemory(Clock clock, long rememberMs) {
        this.clock = clock;
        this.rememberMs = rememberMs;
    }

    /** Drops everything, since it was found out under another configuration. */
    void configure(long newRememberMs) {
        rememberMs = newRememberMs;
        answers.clear();
    }

    long rememberMs() {
        return rememberMs;
    }

    /** What is known of this role as of now; null when that must be found out. */
    public @Nullable RoleFacts facts(Endpoint server, String user, String database) {
        return facts(new Question(server, user, database));
    }

    @Nullable
    RoleFacts facts(Question question) {
        Remembered remembered = answers.get(question);
        if (remembered == null) {
            return null;
        }
        long ageMs = TimeUnit.NANOSECONDS.toMillis(clock.nanoTime() - remembered.askedNs());
        if (ageMs < (remembered.facts().known() ? rememberMs : UNAVAILABLE_MS)) {
            return remembered.facts().afterMs(ageMs);
        }
        answers.remove(question);
        return null;
    }

    /** @param sinceNs when the question was asked, by the loop's clock */
    void remember(Question question, RoleFacts facts, long sinceNs) {
        answers.remove(question);
        answers.put(question, new Remembered(facts, sinceNs));
        forgetOutdated();
    }

    /** Drops expired answers: secrets are not kept longer than they are useful. */
    private void forgetOutdated() {
        long nowNs = clock.nanoTime();
        long longestNs = TimeUnit.MILLISECONDS.toNanos(Math.max(rememberMs, UNAVAILABLE_MS));
        Iterator<Remembered> eldestFirst = answers.values().iterator();
        while (eldestFirst.hasNext() && nowNs - eldestFirst.next().askedNs() > longestNs) {
            eldestFirst.remove();
        }
    }

    void forget(Question question) {
        answers.remove(question);
    }

    void forgetAll(Endpoint server) {
        answers.keySet().removeIf(question -> question.server().equals(server));
    }
}
