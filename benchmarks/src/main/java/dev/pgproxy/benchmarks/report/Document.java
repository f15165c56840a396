package dev.pgproxy.benchmarks.report;

import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.benchmarks.result.ResultFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A document in Markdown, of which runs write the parts between two marks each: the comparison with its peers, whose charts and values are in
 * a directory beside it, and the growth.
 */
public final class Document {

    /** Who writes a part. */
    public enum Part {
        PEERS("scripts/bench"),
        GROWTH("scripts/bench --growth");

        private final String command;

        Part(String command) {
            this.command = command;
        }

        private String mark(String end) {
            return "<!-- written by " + command + ": " + end + " -->";
        }
    }

    /** The values, which a later run can be compared with. */
    private static final String RESULTS = "results.tsv";

    private Document() {}

    /** @throws IOException when the file cannot be read, or has no such part */
    public static void check(Path file, Part part) throws IOException {
        read(file, part);
    }

    private static List<String> read(Path file, Part part) throws IOException {
        List<String> lines = Files.readAllLines(file);
        String begin = part.mark("begin");
        String end = part.mark("end");
        if (lines.indexOf(begin) < 0 || lines.indexOf(end) < lines.indexOf(begin)) {
            throw new IOException(file + " has no lines \"" + begin + "\" and \"" + end + "\"");
        }
        return lines;
    }

    /**
     * Replaces a part.
     *
     * @throws IOException when the file cannot be read or written, or lacks the marks
     */
    public static void replace(Path file, Part part, List<String> with) throws IOException {
        List<String> before = read(file, part);
        List<String> lines = new ArrayList<>(before.subList(0, before.indexOf(part.mark("begin")) + 1));
        lines.add("");
        lines.addAll(with);
        lines.add("");
        lines.addAll(before.subList(before.indexOf(part.mark("end")), before.size()));
        Files.write(file, lines);
    }

    /**
     * Replaces the part of the peers, the charts and the values.
     *
     * @throws IOException when the file cannot be read or written, or lacks the marks
     */
    public static void update(Path file, ResultFile run) throws IOException {
        String name = file.getFileName().toString();
        String charts = name.replaceFirst("[.][^.]*$", "");
        Path directory = Files.createDirectories(file.toAbsolutePath().resolveSibling(charts));
        for (Figure.Chart chart : run.measurements().charts()) {
            Files.writeString(directory.resolve(chart.id() + ".svg"), BarChart.of(chart, run.measurements()));
        }
        run.write(directory.resolve(RESULTS));
        replace(file, Part.PEERS, part(run, charts));
    }

    private static List<String> part(ResultFile run, String charts) {
        List<String> lines = new ArrayList<>(Tables.facts(run));
        for (Figure.Chart chart : run.measurements().charts()) {
            lines.addAll(List.of("", "### " + chart.title(), ""));
            lines.addAll(Tables.of(chart, run.measurements()));
            lines.addAll(List.of("", "![" + chart.title() + "](" + charts + "/" + chart.id() + ".svg)"));
        }
        return lines;
    }
}
