package dev.pgproxy.benchmarks;

import dev.pgproxy.benchmarks.growth.GrowthRun;
import dev.pgproxy.benchmarks.peer.PeerKind;
import dev.pgproxy.benchmarks.report.Document;
import dev.pgproxy.benchmarks.report.Tables;
import dev.pgproxy.benchmarks.result.Comparison;
import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.benchmarks.result.ResultFile;
import dev.pgproxy.testkit.process.Programs;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;

/** Runs the benchmark, shows its tables, writes them where asked, and compares them with an earlier run. */
@CommandLine.Command(
        name = "bench",
        description = "Measures pgproxy beside what a user would pick instead, in one run.",
        mixinStandardHelpOptions = true)
public final class BenchMain implements Callable<Integer> {

    private static final int WORSE = 3;

    private static final Set<String> WITH_GROWTH = Set.of("--growth", "--quick", "--document", "--distribution");

    @CommandLine.Option(names = "--distribution", hidden = true, description = "the runnable tree")
    private Path distribution = Path.of("distribution/target/pgproxy");

    @CommandLine.Option(names = "--quick", description = "one short round, under 3 minutes; shows faults, not figures")
    private boolean quick;

    @CommandLine.Option(
            names = "--growth",
            description = "instead measures what grows with clients and workers, from 10 clients to 10,000")
    private boolean growth;

    @CommandLine.Option(names = "--rounds", description = "rounds, of which the median counts (default: 5)")
    private @Nullable Integer rounds;

    @CommandLine.Option(
            names = "--peers",
            split = ",",
            description = "which to measure: ${COMPLETION-CANDIDATES} (default: all that are installed)")
    private List<PeerKind> peers = List.of();

    @CommandLine.Option(names = "--results", description = "file for the values (default: ${DEFAULT-VALUE})")
    private Path results = Path.of("benchmarks/target/results.tsv");

    @CommandLine.Option(names = "--document", description = "document whose tables and charts this run replaces")
    private @Nullable Path document;

    @CommandLine.Option(
            names = "--compare",
            description = "values of an earlier run; exit status 3 when a figure became worse than the noise")
    private @Nullable Path earlier;

    @CommandLine.Spec
    private CommandLine.Model.@Nullable CommandSpec spec;

    private final PrintStream out = System.out;

    private BenchMain() {}

    public static void main(String[] arguments) {
        System.exit(execute(arguments));
    }

    /** @return the exit status */
    static int execute(String... arguments) {
        return new CommandLine(new BenchMain())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(arguments);
    }

    @Override
    public Integer call() throws IOException {
        List<String> useless = growth ? uselessWithGrowth() : List.of();
        if (!useless.isEmpty()) {
            out.println("--growth takes no " + String.join(" and no ", useless)
                    + ". HINT: Only --quick and --document can be added to it.");
            return CommandLine.ExitCode.USAGE;
        }
        // Debian has a program of this name that only looks for the real one.
        if (!Programs.isInstalled("pgbench")
                || Programs.run(List.of("pgbench", "--version")).status() != 0) {
            out.println("pgbench is not installed. HINT: scripts/bench --install takes it from Debian.");
            return CommandLine.ExitCode.SOFTWARE;
        }
        // What could fail after an hour fails now.
        ResultFile before = earlier == null ? null : ResultFile.read(earlier);
        if (document != null) {
            Document.check(document, growth ? Document.Part.GROWTH : Document.Part.PEERS);
        }
        if (growth) {
            return measureGrowth();
        }
        List<PeerKind> kinds = kinds();
        Bench.Extent extent = quick ? Bench.Extent.QUICK : Bench.Extent.FULL;
        if (rounds != null) {
            extent = extent.withRounds(rounds);
        }
        Map<String, String> facts = Facts.of(kinds, extent, arguments());
        Bench bench = new Bench(kinds, extent, distribution, out);
        ResultFile run = new ResultFile(facts, bench.run(soFar -> new ResultFile(facts, soFar).write(results)));
        show(run);
        if (document != null) {
            Document.update(document, run);
        }
        return before == null ? CommandLine.ExitCode.OK : compare(before, run);
    }

    private List<String> uselessWithGrowth() {
        return parsed().stream()
                .flatMap(parse -> parse.matchedOptions().stream())
                .map(CommandLine.Model.OptionSpec::longestName)
                .filter(option -> !WITH_GROWTH.contains(option))
                .toList();
    }

    private Optional<CommandLine.ParseResult> parsed() {
        return Optional.ofNullable(spec).map(each -> each.commandLine().getParseResult());
    }

    private int measureGrowth() throws IOException {
        GrowthRun.Extent extent = quick ? GrowthRun.Extent.QUICK : GrowthRun.Extent.FULL;
        List<String> tables = new GrowthRun(extent, distribution, out).run();
        tables.forEach(out::println);
        if (document != null) {
            Document.replace(document, Document.Part.GROWTH, tables);
        }
        return CommandLine.ExitCode.OK;
    }

    private List<String> arguments() {
        return parsed().map(CommandLine.ParseResult::originalArgs).orElse(List.of());
    }

    private List<PeerKind> kinds() {
        List<PeerKind> kinds = new ArrayList<>();
        for (PeerKind kind : PeerKind.values()) {
            if (!kind.isInstalled()) {
                out.println(kind.title() + " is not installed, and not measured. HINT: scripts/bench --install takes it"
                        + " from Debian.");
            } else if (peers.isEmpty() || peers.contains(kind)) {
                kinds.add(kind);
            }
        }
        return kinds;
    }

    private void show(ResultFile run) {
        Tables.facts(run).forEach(out::println);
        for (Figure.Chart chart : run.measurements().charts()) {
            out.println("\n" + chart.title());
            Tables.of(chart, run.measurements()).forEach(out::println);
        }
        out.println("\nMedians; in brackets the median ratio to " + PeerKind.YARDSTICK.title()
                + " in the same round. The values are in " + results + ".");
    }

    private int compare(ResultFile before, ResultFile now) {
        Comparison comparison = Comparison.of(before.measurements(), now.measurements());
        out.println("\nCompared with " + earlier + ":");
        String extentBefore = before.facts().get(Facts.EXTENT);
        String extentNow = now.facts().get(Facts.EXTENT);
        if (!Objects.equals(extentBefore, extentNow)) {
            out.println("  The two runs differ in extent, which alone can change figures: " + extentBefore + " before, "
                    + extentNow + " now.");
        }
        comparison.changes().forEach(change -> out.println("  " + change));
        comparison
                .left()
                .forEach(figure -> out.println("  " + figure.chart().title() + ", " + figure.title()
                        + ": not compared, with less than " + Comparison.MIN_ROUNDS + " ratios to "
                        + PeerKind.YARDSTICK.title() + " in one of the runs"));
        if (comparison.compared() == 0) {
            out.println("  no figure could be compared. HINT: Measure pgproxy and " + PeerKind.YARDSTICK.title()
                    + " in both runs, in at least " + Comparison.MIN_ROUNDS + " rounds.");
            return CommandLine.ExitCode.SOFTWARE;
        }
        if (comparison.changes().isEmpty()) {
            out.println("  none of " + comparison.compared() + " figures changed by more than the noise");
        }
        return comparison.isWorse() ? WORSE : CommandLine.ExitCode.OK;
    }
}
