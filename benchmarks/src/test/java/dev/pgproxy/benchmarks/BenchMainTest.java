package dev.pgproxy.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class BenchMainTest {

    /** They would silently change nothing. */
    @Test
    void optionsOfTheOtherRunAreRefusedWithGrowth() {
        assertEquals(CommandLine.ExitCode.USAGE, BenchMain.execute("--growth", "--rounds", "3"));
        assertEquals(CommandLine.ExitCode.USAGE, BenchMain.execute("--quick", "--growth", "--peers", "direct"));
    }
}
