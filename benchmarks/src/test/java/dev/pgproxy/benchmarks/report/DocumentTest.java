package dev.pgproxy.benchmarks.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.benchmarks.peer.PeerKind;
import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.benchmarks.result.Measurements;
import dev.pgproxy.benchmarks.result.ResultFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.NodeList;

class DocumentTest {

    @TempDir
    private Path directory = Path.of("");

    private final Measurements measurements = new Measurements();

    @BeforeEach
    void measure() {
        measurements.add(Figure.SELECT_8_CPU, PeerKind.PGBOUNCER, 1, 10);
        measurements.add(Figure.SELECT_8_CPU, PeerKind.PGPROXY_1, 1, 12.5);
        measurements.add(Figure.SELECT_64_CPU, PeerKind.PGPROXY_1, 1, 1234);
    }

    private Path document() throws IOException {
        return Files.write(
                directory.resolve("performance.md"),
                List.of(
                        "before",
                        "<!-- written by scripts/bench: begin -->",
                        "of an earlier run",
                        "<!-- written by scripts/bench: end -->",
                        "between",
                        "<!-- written by scripts/bench --growth: begin -->",
                        "<!-- written by scripts/bench --growth: end -->",
                        "after"));
    }

    @Test
    void replacesWhatIsBetweenTheMarksAndNothingElse() throws IOException {
        Path file = document();
        Document.update(file, new ResultFile(Map.of("machine", "a small one"), measurements));
        List<String> lines = Files.readAllLines(file);
        assertEquals("before", lines.get(0));
        assertEquals("after", lines.get(lines.size() - 1));
        assertTrue(lines.contains("| machine | a small one |"), lines::toString);
        assertTrue(lines.contains("| us | pgproxy, 1 worker | pgbouncer | goal |"), lines::toString);
        String goal = "(1.0); 2 workers: 0.9 x haproxy; Unix sockets: (0.85)";
        assertTrue(lines.contains("| pgbench -S -c 8 | 12.5 (1.25) | 10.0 (1.00) | " + goal + " |"), lines::toString);
        assertTrue(lines.contains("| pgbench -S -c 64 | 1,234 |  | " + goal + " |"), lines::toString);
        assertTrue(lines.stream().noneMatch(line -> line.contains("earlier run") || line.contains("COPY")));
    }

    @Test
    void eachRunReplacesItsOwnPart() throws IOException {
        Path file = document();
        Document.replace(file, Document.Part.GROWTH, List.of("grown"));
        Document.update(file, new ResultFile(Map.of(), measurements));
        List<String> lines = Files.readAllLines(file);
        assertTrue(lines.indexOf("between") < lines.indexOf("grown"), lines::toString);
        assertTrue(lines.indexOf("| us | pgproxy, 1 worker | pgbouncer | goal |") < lines.indexOf("between"));
        Document.replace(file, Document.Part.GROWTH, List.of("grown again"));
        assertTrue(!Files.readAllLines(file).contains("grown"));
    }

    @Test
    void drawsABarForEachValue() throws Exception {
        Path file = document();
        Document.update(file, new ResultFile(Map.of(), measurements));
        org.w3c.dom.Document chart = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(directory.resolve("performance/cpu.svg").toFile());
        NodeList rectangles = chart.getElementsByTagName("rect");
        assertEquals(1 + 3, rectangles.getLength()); // The background is one, too.
        assertEquals(
                ResultFile.read(directory.resolve("performance/results.tsv"))
                        .measurements()
                        .peers(),
                measurements.peers());
    }

    @Test
    void aValueOfZeroHasABarToo() {
        measurements.add(Figure.IDLE_CPU, PeerKind.PGBOUNCER, 1, 0);
        String chart = BarChart.of(Figure.Chart.IDLE, measurements);
        assertTrue(chart.contains("width=\"1.0\"") && !chart.contains("NaN"), chart);
    }

    @Test
    void aDocumentWithoutTheMarksIsLeftAsItIs() throws IOException {
        Path file = Files.writeString(directory.resolve("performance.md"), "before\n");
        IOException refused =
                assertThrows(IOException.class, () -> Document.update(file, new ResultFile(Map.of(), measurements)));
        assertTrue(String.valueOf(refused.getMessage()).contains("has no lines"), refused.toString());
        assertEquals("before\n", Files.readString(file));
    }
}
