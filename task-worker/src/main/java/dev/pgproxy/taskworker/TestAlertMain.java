package dev.pgproxy.taskworker;

import dev.pgproxy.common.config.ConfigException;
import dev.pgproxy.common.config.ConfigLoader;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.taskworker.alert.Notifier;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** Sends one alert, so that an operator sees in time whether alerts arrive. Started by {@code pgproxy-master --test-alert}. */
@CommandLine.Command(name = "pgproxy-test-alert", description = "Started by pgproxy-master --test-alert only.")
public final class TestAlertMain implements Callable<Integer> {

    private static final int FAILED = 1;
    private static final int USAGE = 2;

    @CommandLine.Parameters(paramLabel = "conf.properties", description = "the configuration file")
    private Path file = Path.of("");

    private TestAlertMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new TestAlertMain()).execute(arguments));
    }

    @Override
    public Integer call() throws InterruptedException {
        ProxyConfig config;
        try {
            config = ConfigLoader.load(file);
        } catch (IOException | ConfigException e) {
            System.err.println(e.getMessage());
            return USAGE;
        }
        Alert alert = new Alert(
                Alert.Kind.TEST,
                config.servers().primary(),
                "this is a test: alerts of pgproxy arrive here",
                "There is nothing to do.",
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        List<String> results = new Notifier(config.alerts()).test(alert);
        results.forEach(System.out::println);
        return results.stream().allMatch(line -> line.endsWith(": " + Notifier.SENT)) ? 0 : FAILED;
    }
}
