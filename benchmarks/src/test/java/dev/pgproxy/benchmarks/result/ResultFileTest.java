package dev.pgproxy.benchmarks.result;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.benchmarks.peer.PeerKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultFileTest {

    @TempDir
    private Path directory = Path.of("");

    @Test
    void readsWhatItWrote() throws IOException {
        Measurements measurements = new Measurements();
        measurements.add(Figure.COPY_IN_CPU, PeerKind.PGPROXY_2, 1, 0.125);
        measurements.add(Figure.COPY_IN_CPU, PeerKind.PGPROXY_2, 2, 1234.5);
        Path file = directory.resolve("new/results.tsv");
        new ResultFile(Map.of("command", "scripts/bench --rounds 2: once"), measurements).write(file);

        ResultFile read = ResultFile.read(file);

        assertEquals(Map.of("command", "scripts/bench --rounds 2: once"), read.facts());
        assertEquals(Map.of(1, 0.125, 2, 1234.5), read.measurements().rounds(Figure.COPY_IN_CPU, PeerKind.PGPROXY_2));
    }

    @Test
    void leavesOutWhatAnotherVersionMeasured() throws IOException {
        Path file = Files.write(
                directory.resolve("results.tsv"),
                List.of("of-another-version\tPGPROXY_1\t1\t2.0", "start\tANOTHER_PEER\t1\t2.0"));
        assertTrue(ResultFile.read(file).measurements().peers().isEmpty());
    }

    @Test
    void namesTheLineThatIsNoResult() throws IOException {
        Path file = Files.write(directory.resolve("results.tsv"), List.of("# a: b", "start PGPROXY_1 1 2.0"));
        IOException refused = assertThrows(IOException.class, () -> ResultFile.read(file));
        assertTrue(String.valueOf(refused.getMessage()).contains("line 2: not a result"), refused.toString());
    }
}
