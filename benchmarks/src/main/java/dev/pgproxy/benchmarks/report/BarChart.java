package dev.pgproxy.benchmarks.report;

import dev.pgproxy.benchmarks.peer.PeerKind;
import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.benchmarks.result.Measurements;
import dev.pgproxy.benchmarks.result.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** The figures of one chart as horizontal bars in SVG 1.1, a group of bars for each figure and a bar for each peer. */
public final class BarChart {

    private static final int WIDTH = 820;
    private static final int LABEL_WIDTH = 210;
    private static final int VALUE_WIDTH = 80;
    private static final int BAR_HEIGHT = 16;
    private static final int GROUP_GAP = 34;
    private static final int HEAD = 40;
    private static final int TEXT_DROP = 12;
    private static final String OURS = "#2f6db5";
    private static final String OTHERS = "#a9b4c2";

    private final Figure.Chart chart;
    private final Measurements run;
    private final StringBuilder body = new StringBuilder();
    private int y = HEAD;

    private BarChart(Figure.Chart chart, Measurements run) {
        this.chart = chart;
        this.run = run;
    }

    /** @return the text of an SVG file */
    public static String of(Figure.Chart chart, Measurements run) {
        return new BarChart(chart, run).draw();
    }

    private String draw() {
        double longest = longest();
        text(0, TEXT_DROP + 6, "font-weight=\"bold\"", chart.title() + ", " + chart.unit() + better());
        for (Figure figure : chart.figures()) {
            text(0, y + TEXT_DROP, "", figure.title());
            y += BAR_HEIGHT + 4;
            for (PeerKind peer : run.peers()) {
                run.median(figure, peer).ifPresent(value -> bar(peer, value, longest == 0 ? 0 : value / longest));
            }
            y += GROUP_GAP - BAR_HEIGHT - 4;
        }
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + WIDTH + "\" height=\"" + y
                + "\" font-family=\"sans-serif\" font-size=\"12\">\n"
                + "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n" + body + "</svg>\n";
    }

    private String better() {
        return chart.figures().get(0).better() == Figure.Better.LOWER ? " (less is better)" : " (more is better)";
    }

    private double longest() {
        List<Double> all = new ArrayList<>(List.of(0.0));
        for (Figure figure : chart.figures()) {
            for (PeerKind peer : run.peers()) {
                OptionalDouble value = run.median(figure, peer);
                if (value.isPresent()) {
                    all.add(value.getAsDouble());
                }
            }
        }
        return all.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    }

    private void bar(PeerKind peer, double value, double share) {
        double width = Math.max(1, share * (WIDTH - LABEL_WIDTH - VALUE_WIDTH));
        text(LABEL_WIDTH - 8, y + TEXT_DROP, "text-anchor=\"end\"", peer.title());
        body.append(String.format(
                Locale.ROOT,
                "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n",
                LABEL_WIDTH,
                y + 1,
                width,
                BAR_HEIGHT - 2,
                peer.isOurs() ? OURS : OTHERS));
        text(LABEL_WIDTH + (int) width + 6, y + TEXT_DROP, "", Numbers.value(value));
        y += BAR_HEIGHT;
    }

    private void text(int x, int baseline, String attributes, String text) {
        body.append("<text x=\"" + x + "\" y=\"" + baseline + "\" " + attributes + ">"
                + text.replace("&", "&amp;").replace("<", "&lt;") + "</text>\n");
    }
}
