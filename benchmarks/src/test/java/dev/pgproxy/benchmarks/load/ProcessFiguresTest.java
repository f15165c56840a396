package dev.pgproxy.benchmarks.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProcessFiguresTest {

    private static final List<ProcessHandle> THIS = List.of(ProcessHandle.current());

    @Test
    void aProcessThatWorksUsesCpu() {
        double before = ProcessFigures.cpuSeconds(THIS);
        double sum = 0;
        do { // The kernel counts in steps, one of which may end between two looks.
            sum += Math.sqrt(sum + 1);
        } while (ProcessFigures.cpuSeconds(THIS) == before);
        assertTrue(sum > 0 && ProcessFigures.cpuSeconds(THIS) > before);
    }

    @Test
    void aJvmTakesMegabytes() {
        double kib = ProcessFigures.pssKib(THIS);
        assertTrue(kib > 1024 && kib < 64 * 1024 * 1024, kib + " KiB");
    }

    @Test
    void aProcessThatHasEndedCountsNothing() throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        assertEquals(0, ProcessFigures.cpuSeconds(List.of(ended.toHandle())));
        assertEquals(0, ProcessFigures.pssKib(List.of(ended.toHandle())));
    }
}
