package dev.pgproxy.poolworker.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.testkit.loop.StillPoller;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DatabaseWaitTest {

    private static final String DROP = "drop database shop";

    private long nowNs;
    private boolean isHeard = true;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowNs);
    private final List<String> wanted = new ArrayList<>();
    private final QueryProgress progress = new QueryProgress();
    private final DatabaseWait wait = new DatabaseWait(loop.scheduler(), () -> isHeard, wanted::add);

    private void pass(byte type, String body) {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        wait.onFrontend(type, ByteBuffer.wrap(bytes), 0, bytes.length, progress);
        progress.onFrontend(type);
    }

    private void pass(long ms) {
        long endNs = nowNs + TimeUnit.MILLISECONDS.toNanos(ms);
        while (nowNs < endNs) {
            nowNs += TimeUnit.MILLISECONDS.toNanos(50);
            loop.tick();
        }
    }

    @Test
    void aServerThatIsSilentWaitsForOthersToLeave() {
        pass(FrontendMessage.QUERY, DROP + "\0");
        assertEquals(List.of(), wanted);
        pass(300);
        assertEquals(List.of("shop"), wanted);
        pass(60_000);
        assertEquals(5, wanted.size(), "it is bounded");
    }

    @Test
    void aServerThatRefusesAtOnceDoesNot() {
        pass(FrontendMessage.QUERY, DROP + "\0");
        wait.end();
        pass(60_000);
        assertEquals(List.of(), wanted);
    }

    @Test
    void anotherQueryThatRunsIsNoReasonToWait() {
        pass(FrontendMessage.QUERY, "select pg_sleep(9)\0");
        pass(FrontendMessage.QUERY, DROP + "\0");
        pass(60_000);
        assertEquals(List.of(), wanted, "that query is what the server is busy with");
        progress.onReadyForQuery(BackendMessage.IDLE);
        progress.onReadyForQuery(BackendMessage.IDLE);
        pass(FrontendMessage.QUERY, DROP + "\0");
        pass(FrontendMessage.QUERY, "select pg_sleep(9)\0");
        pass(60_000);
        assertEquals(List.of(), wanted);
    }

    @Test
    void itRunsInNoTransaction() {
        progress.onFrontend(FrontendMessage.QUERY);
        progress.onReadyForQuery((byte) 'T');
        pass(FrontendMessage.QUERY, DROP + "\0");
        pass(60_000);
        assertEquals(List.of(), wanted);
    }

    @Test
    void aPreparedOneCountsWhenItIsItselfThatRuns() {
        pass(FrontendMessage.PARSE, "s1\0" + DROP + "\0\0\0");
        assertTrue(wait.wants(FrontendMessage.BIND));
        pass(FrontendMessage.BIND, "\0s1\0\0\0\0\0\0\0");
        pass(FrontendMessage.EXECUTE, "\0\0\0\0\0");
        pass(FrontendMessage.SYNC, "");
        pass(300);
        assertEquals(List.of("shop"), wanted);
        wait.end();

        progress.onReadyForQuery(BackendMessage.IDLE);
        wanted.clear();
        pass(FrontendMessage.PARSE, "s1\0" + DROP + "\0\0\0");
        pass(FrontendMessage.BIND, "\0s2\0\0\0\0\0\0\0");
        pass(FrontendMessage.EXECUTE, "\0\0\0\0\0");
        pass(FrontendMessage.SYNC, "");
        pass(60_000);
        assertEquals(List.of(), wanted, "another one may take long for any reason");
    }

    /** The server checks no privileges before it runs the command. */
    @Test
    void oneThatIsNotRunIsNone() {
        pass(FrontendMessage.PARSE, "\0" + DROP + "\0\0\0");
        pass(60_000);
        pass(FrontendMessage.BIND, "\0\0\0\0\0\0\0\0");
        pass(60_000);
        pass(FrontendMessage.SYNC, "");
        pass(60_000);
        assertEquals(List.of(), wanted);
    }

    @Test
    void aServerThatIsNotListenedToIsNotSilent() {
        isHeard = false;
        pass(FrontendMessage.QUERY, DROP + "\0");
        pass(60_000);
        assertEquals(List.of(), wanted);
    }
}
