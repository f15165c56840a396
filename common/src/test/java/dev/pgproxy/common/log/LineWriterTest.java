package dev.pgproxy.common.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class LineWriterTest {

    private static final long SOON_S = 30;

    private final List<String> written = Collections.synchronizedList(new ArrayList<>());

    @Test
    void whatIsLoggedIsThereWhenTheCallIsOver() {
        LineWriter writer = new LineWriter(written::add);
        for (int i = 0; i < 1_000; i++) {
            writer.write("line " + i + "\n");
        }
        writer.drain(TimeUnit.SECONDS.toMillis(SOON_S));
        assertEquals(1_000, written.size());
        assertEquals("line 999\n", written.get(999));
    }

    /** Takes one line and hangs until released. */
    private static final class HangingSink implements LineWriter.Sink {

        private final CountDownLatch entered = new CountDownLatch(1);
        private final CountDownLatch letGo = new CountDownLatch(1);
        private final LinkedBlockingQueue<String> lines = new LinkedBlockingQueue<>();

        @Override
        public void write(String line) {
            entered.countDown();
            try {
                letGo.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            lines.add(line);
        }

        private LineWriter hang() throws InterruptedException {
            LineWriter writer = new LineWriter(this);
            writer.write("first\n");
            assertTrue(entered.await(SOON_S, TimeUnit.SECONDS));
            return writer;
        }

        private String next() throws InterruptedException {
            return String.valueOf(lines.poll(SOON_S, TimeUnit.SECONDS));
        }
    }

    @Test
    void aSinkThatHangsHoldsUpNobodyAndWhatWasLostIsSaid() throws InterruptedException {
        HangingSink sink = new HangingSink();
        LineWriter writer = sink.hang();
        // Waiting for each line would take forever.
        for (int i = 0; i < LineWriter.MAX_WAITING + 7; i++) {
            writer.write(i + "\n");
        }
        sink.letGo.countDown();
        assertEquals("first\n", sink.next());
        for (int i = 0; i < LineWriter.MAX_WAITING; i++) {
            assertEquals(i + "\n", sink.next());
        }
        String last = sink.next();
        assertTrue(last.startsWith("event=log_lines_lost count=7 "), last);
    }

    @Test
    void longLinesAreBoundedTogether() throws InterruptedException {
        HangingSink sink = new HangingSink();
        LineWriter writer = sink.hang();
        String line = "x".repeat(LineWriter.MAX_WAITING_CHARS / 4);
        for (int i = 0; i < 10; i++) {
            writer.write(line);
        }
        sink.letGo.countDown();
        assertEquals("first\n", sink.next());
        for (int i = 0; i < 4; i++) {
            assertEquals(line.length(), sink.next().length());
        }
        assertTrue(sink.next().startsWith("event=log_lines_lost count=6 "));
    }
}
