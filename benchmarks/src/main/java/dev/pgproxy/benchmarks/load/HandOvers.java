package dev.pgproxy.benchmarks.load;

import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireLogin;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What pgproxy has counted of its hand-overs so far.
 *
 * @param clients whose descriptors were passed to a worker
 * @param micros until the workers had acknowledged them, in all
 */
record HandOvers(long clients, long micros) {

    /** Of pgproxy as its operators see it; null for any other peer. */
    static @Nullable HandOvers of(Subject subject) throws IOException {
        if (!subject.kind().isOurs()) {
            return null;
        }
        try (WireClient operator = new WireClient(subject.running().address())) {
            if (!WireLogin.attempt(operator, "bench", "pg_proxy", ProxyProcess.OPERATOR_PASSWORD)
                    .isIn()) {
                throw new IOException("pg_proxy does not let the benchmark in");
            }
            return new HandOvers(counter(operator, "clients_handed_over"), counter(operator, "hand_over_microseconds"));
        }
    }

    private static long counter(WireClient operator, String name) throws IOException {
        return Long.parseLong(operator.value("SELECT sum(value) FROM counter WHERE name = '" + name + "'"));
    }

    /** @throws IOException when no client was handed over since then */
    double meanUsSince(HandOvers before) throws IOException {
        if (clients <= before.clients) {
            throw new IOException("pgproxy has counted no hand-over");
        }
        return (double) (micros - before.micros) / (clients - before.clients);
    }
}
