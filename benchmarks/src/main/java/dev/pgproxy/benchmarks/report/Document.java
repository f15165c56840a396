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

    /** @throws IOException when the file cannot be read, or has no part for a run */
    public static void check(Path file) throws IOException {
        read(file);
    }

    private static List<String> read(Path file) throws IOException {
        List<String> lines = Files.readAllLines(file);
        if (lines.indexOf(BEGIN) < 0 || lines.indexOf(END) < lines.indexOf(BEGIN)) {
            throw new IOException(file + " has no lines \"" + BEGIN + "\" and \"" + END + "\"");
        }
        return lines;
    }

    /**
     * Replaces the part between the marks, the charts and the values.
     *
     * @throws IOException when the file cannot be read or written, or lacks the marks
     */
    public static void update(Path file, ResultFile run) throws IOException {
        List<String> before = read(file);
        int begin = before.indexOf(BEGIN);
        int end = before.indexOf(END);
        String name = file.getFileName().toString();
        String charts = name.replaceFirst("[.][^.]*$", "");
        List<String> lines = new ArrayList<>(before.subList(0, begin + 1));
        lines.addAll(part(run, charts));
        lines.addAll(before.subList(end, before.size()));
        Path directory = Files.createDirectories(file.toAbsolutePath().resolveSibling(charts));
        for (Figure.Chart chart : run.measurements().charts()) {
            Files.writeString(directory.resolve(chart.id() + ".svg"), BarChart.of(chart, run.measurements()));
        }
        run.write(directory.resolve(RESULTS));
        Files.write(file, lines);
    }

    private static List<String> part(ResultFile run, String charts) {
        List<String> lines = new ArrayList<>();
        lines.add("");
        lines.addAll(Tables.facts(run));
        for (Figure.Chart chart : run.measurements().charts()) {
            lines.addAll(List.of("", "### " + chart.title(), ""));
            lines.addAll(Tables.of(chart, run.measurements()));
            lines.addAll(List.of("", "![" + chart.title() + "](" + charts + "/" + chart.id() + ".svg)"));
        }
        lines.add("");
        return lines;
    }
}
