package dev.pgproxy.benchmarks.load;

import dev.pgproxy.benchmarks.peer.Logins;
import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.benchmarks.result.Quantiles;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Clients that connect, log in and leave, one after the other: how long each waits. In pgproxy this includes the hand-over to a worker. */
public final class LoginLoad implements Load {

    private final int logins;

    /** @param logins how many clients */
    public LoginLoad(int logins) {
        this.logins = logins;
    }

    @Override
    public String title() {
        return "one login after another";
    }

    @Override
    public void run(Subject subject, Findings findings) throws IOException {
        HandOvers before = HandOvers.of(subject);
        List<Double> waitsUs = new ArrayList<>();
        for (int i = 0; i < logins; i++) {
            long startNs = System.nanoTime();
            try (WireClient client =
                    WireClient.login(subject.running().address(), Logins.TRUST.user(), Pgbench.DATABASE)) {
                waitsUs.add((double) TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - startNs));
                client.send(FrontendMessage.terminate());
            }
        }
        Quantiles quantiles = Quantiles.of(waitsUs);
        findings.found(Figure.LOGIN_P50, quantiles.median());
        findings.found(Figure.LOGIN_P99, quantiles.at(0.99));
        HandOvers after = HandOvers.of(subject);
        if (before != null && after != null) {
            findings.found(Figure.HAND_OVER, after.meanUsSince(before));
        }
    }
}
