package dev.pgproxy.poolworker.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupParameters;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class CustomParametersTest {

    private static final long MINUTE_NS = TimeUnit.MINUTES.toNanos(1);

    private final CustomParameters parameters = new CustomParameters();
    private long nowNs;

    private CustomParameters.Question question() {
        return parameters.question(key("shop"), nowNs);
    }

    private static PoolKey key(String database) {
        return new PoolKey(
                new Endpoint.Tcp("db", 5432),
                3 << 16,
                new StartupParameters(List.of(
                        new StartupParameters.Parameter("database", database),
                        new StartupParameters.Parameter("user", "app"))));
    }

    private static String text(CustomParameters.Question question) {
        return new String(question.query(), StandardCharsets.UTF_8);
    }

    private static boolean asksNames(CustomParameters.Question question) {
        return text(question).contains("regexp_matches");
    }

    private static byte[] row(String... columns) {
        ByteBuffer row = ByteBuffer.allocate(20_000).putShort((short) columns.length);
        for (String column : List.of(columns)) {
            byte[] bytes = column.getBytes(StandardCharsets.UTF_8);
            row.putInt(bytes.length).put(bytes);
        }
        return java.util.Arrays.copyOf(row.array(), row.position());
    }

    @Test
    void namesAreAskedOnceAMinuteAndCheckedAtEachReset() {
        CustomParameters.Question first = question();
        assertTrue(asksNames(first));
        FreshnessCheck.Answer answer = first.read(row("", "0", "app.tenant App.Trace"));
        assertFalse(answer.leftover().isEmpty(), "whether it has one nobody has asked");

        CustomParameters.Question second = question();
        assertFalse(asksNames(second));
        assertTrue(text(second).contains("current_setting('app.tenant', true)"));
        assertTrue(text(second).contains("current_setting('app.trace', true)"));
        assertEquals("", second.read(row("", "0")).leftover());

        nowNs += MINUTE_NS;
        CustomParameters.Question later = question();
        assertTrue(asksNames(later));
        assertEquals("", later.read(row("", "0", "app.trace app.tenant")).leftover(), "these were checked");
        nowNs += MINUTE_NS;
        assertFalse(
                question().read(row("", "0", "app.tenant app.new")).leftover().isEmpty());
        assertFalse(text(question()).contains("app.trace"));
    }

    @Test
    void aDatabaseWithoutSuchFunctionsCostsNothing() {
        assertEquals("", question().read(row("", "0", "")).leftover());
        assertFalse(text(question()).contains("application''s own in a function"));
        assertTrue(asksNames(parameters.question(key("other"), nowNs)), "each database has its own");
    }

    /** A server may answer anything, and names become part of the next question. */
    @Test
    void onlyNamesAreTaken() {
        question().read(row("", "0", "a.b');drop a.1 .x plain " + "x.y".repeat(100) + " ok.name \u00fc.x"));
        String next = text(question());
        assertTrue(next.contains("current_setting('ok.name', true)"));
        assertEquals(1, next.split("application''s own in a function", -1).length - 1);
        assertFalse(next.contains("drop"));
        StringBuilder many = new StringBuilder();
        for (int i = 0; i < 200; i++) {
            many.append("p.n").append(i).append(' ');
        }
        nowNs += MINUTE_NS;
        question().read(row("", "0", many.toString()));
        assertEquals(100, text(question()).split("'p[.]n", -1).length - 1);
    }

    /** A parameter that only superusers may see would close every connection. */
    @Test
    void whatTheServerRefusesToTellIsNotAskedAgainSoon() {
        question().read(row("", "0", "audit.secret"));
        question().timedOut();
        assertTrue(text(question()).contains("audit.secret"), "a slow reset says nothing of that");
        question().refused();
        assertFalse(text(question()).contains("audit.secret"));
        nowNs += 9 * MINUTE_NS;
        assertFalse(asksNames(question()));
        nowNs += 2 * MINUTE_NS;
        assertTrue(asksNames(question()));
    }

    /** Where the question takes a role too long, its connections are reused all the same. */
    @Test
    void namesThatCannotBeHadAreNotAskedForAtEachReset() {
        question().timedOut();
        assertFalse(asksNames(question()));
        nowNs += 2 * MINUTE_NS;
        assertFalse(asksNames(question()));
        nowNs += 9 * MINUTE_NS;
        CustomParameters.Question again = question();
        assertTrue(asksNames(again));
        assertFalse(asksNames(question()), "one asks for all");
        again.read(row("", "0", "app.tenant"));
        nowNs += MINUTE_NS;
        question().refused();
        assertTrue(text(question()).contains("app.tenant"), "what is known is known");
    }
}
