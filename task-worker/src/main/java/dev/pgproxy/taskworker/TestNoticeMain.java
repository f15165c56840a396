package dev.pgproxy.taskworker;

import dev.pgproxy.common.config.ConfigException;
import dev.pgproxy.common.config.ConfigLoader;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Notice;
import dev.pgproxy.taskworker.notice.Notifier;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** Sends one notice, so that an operator sees in time whether notices arrive. Started by {@code pgproxy-master --test-notice}. */
@CommandLine.Command(name = "pgproxy-test-notice", description = "Started by pgproxy-master --test-notice only.")
public final class TestNoticeMain implements Callable<Integer> {

    private static final int FAILED = 1;
    private static final int USAGE = 2;

    @CommandLine.Parameters(paramLabel = "conf.properties", description = "the configuration file")
    private Path file = Path.of("");

    private TestNoticeMain() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new TestNoticeMain()).execute(arguments));
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
        Notice notice = new Notice(
                Notice.Kind.TEST,
                config.servers().primary(),
                "this is a test: notices of pgproxy arrive here",
                "Nothing is to be done.",
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        List<String> results = new Notifier(config.notices()).test(notice);
        results.forEach(System.out::println);
        return results.stream().allMatch(line -> line.endsWith(": " + Notifier.SENT)) ? 0 : FAILED;
    }
}
