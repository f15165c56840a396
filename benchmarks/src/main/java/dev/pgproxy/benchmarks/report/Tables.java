package dev.pgproxy.benchmarks.report;

import dev.pgproxy.benchmarks.peer.PeerKind;
import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.benchmarks.result.Measurements;
import dev.pgproxy.benchmarks.result.Numbers;
import dev.pgproxy.benchmarks.result.ResultFile;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** The tables of a run in Markdown. */
public final class Tables {

    private Tables() {}

    /** The conditions of the run. */
    public static List<String> facts(ResultFile run) {
        List<String> lines = new ArrayList<>(List.of("| | |", "| --- | --- |"));
        run.facts().forEach((name, value) -> lines.add("| " + name + " | " + value + " |"));
        return lines;
    }

    /** One chart's figures: medians, with the median ratio to the yardstick in brackets. */
    public static List<String> of(Figure.Chart chart, Measurements run) {
        List<PeerKind> peers = run.peers();
        List<String> lines = new ArrayList<>();
        StringBuilder head = new StringBuilder("| " + chart.unit() + " |");
        StringBuilder rule = new StringBuilder("| --- |");
        for (PeerKind peer : peers) {
            head.append(' ').append(peer.title()).append(" |");
            rule.append(" ---: |");
        }
        lines.add(head + " goal |");
        lines.add(rule + " ---: |");
        for (Figure figure : chart.figures()) {
            StringBuilder line = new StringBuilder("| " + figure.title() + " |");
            for (PeerKind peer : peers) {
                line.append(' ').append(cell(figure, peer, run)).append(" |");
            }
            lines.add(line + " " + figure.goal() + " |");
        }
        return lines;
    }

    private static String cell(Figure figure, PeerKind peer, Measurements run) {
        OptionalDouble median = run.median(figure, peer);
        if (median.isEmpty()) {
            return "";
        }
        OptionalDouble ratio = run.ratio(figure, peer, PeerKind.YARDSTICK);
        return Numbers.value(median.getAsDouble())
                + (ratio.isPresent() ? " (" + Numbers.ratio(ratio.getAsDouble()) + ")" : "");
    }
}
