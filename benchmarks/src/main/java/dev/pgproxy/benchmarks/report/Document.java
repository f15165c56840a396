package dev.pgproxy.benchmarks.report;

import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.benchmarks.result.ResultFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A document in Markdown, of which a run writes the part between two marks, with its charts and its values in a directory beside it. */
public final class Document {

    private static final String BEGIN = "<!-- written by scripts/bench: begin -->";
    private static final String END = "<!-- written by scripts/bench: end -->";

    /** The values, which a later run can be compared with. */
    private static final String RESULTS = "results.tsv";

    private Document() {}

    /**
     * Replaces the part between the marks, the charts and the values.
     *
     * @throws IOException when the file cannot be read or written, or lacks the marks
     */
    public static void update(Path file, ResultFile run) throws IOException {
        List<String> before = Files.readAllLines(file);
        int begin = before.indexOf(BEGIN);
        int end = before.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IOException(file + " has no lines \"" + BEGIN + "\" and \"" + END + "\"");
        }
        String name = file.getFileName().toString();
        String charts = name.substring(0, name.lastIndexOf('.'));
        List<String> lines = new ArrayList<>(before.subList(0, begin + 1));
        lines.addAll(part(run, charts));
        lines.addAll(before.subList(end, before.size()));
        Path directory = Files.createDirectories(file.toAbsolutePath().resolveSibling(charts));
        for (Figure.Chart chart : measured(run)) {
            Files.writeString(directory.resolve(chart.id() + ".svg"), BarChart.of(chart, run.measurements()));
        }
        run.write(directory.resolve(RESULTS));
        Files.write(file, lines);
    }

    private static List<Figure.Chart> measured(ResultFile run) {
        return List.of(Figure.Chart.values()).stream()
                .filter(chart -> chart.figures().stream()
                        .anyMatch(figure -> run.measurements().peers().stream()
                                .anyMatch(peer ->
                                        !run.measurements().rounds(figure, peer).isEmpty())))
                .toList();
    }

    private static List<String> part(ResultFile run, String charts) {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.addAll(Tables.facts(run));
        for (Figure.Chart chart : measured(run)) {
            lines.addAll(List.of("", "### " + chart.title(), ""));
            lines.addAll(Tables.of(chart, run.measurements()));
            lines.addAll(List.of("", "![" + chart.title() + "](" + charts + "/" + chart.id() + ".svg)"));
        }
        lines.add("");
        return lines;
    }
}
