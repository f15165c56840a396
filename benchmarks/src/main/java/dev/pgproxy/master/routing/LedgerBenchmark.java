package dev.pgproxy.master.routing;

import dev.pgproxy.benchmarks.micro.StepBenchmark;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.routing.LedgerEntries.BackendStatus;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.annotations.Benchmark;

/**
 * A client comes, uses the backend of the one before it, and leaves, among a thousand others: Admission decides, and the ledger counts.
 * In the ledger's own package, where alone it can be seen.
 */
public class LedgerBenchmark extends StepBenchmark {

    private static final int OTHERS = 1_000;
    private static final int LIMIT = 2_000;
    private static final int SLOT = 1;
    private static final long BACKEND = 1;

    private final PlaceLimits limits =
            new PlaceLimits(new ProxyConfig.Limits(LIMIT, LIMIT, 0, LIMIT, Map.of(), Map.of()));
    private final PoolKey key = new PoolKey(
            new Endpoint.Tcp("10.0.0.1", 5432),
            3 << 16,
            new StartupParameters(List.of(new StartupParameters.Parameter("user", "application"))));
    private final List<PlaceLimits.Scope> scopes = limits.scopes(key);
    private final Ledger ledger = new Ledger(limits);
    private long session;

    /** The others have backends of their own. */
    public LedgerBenchmark() {
        ledger.workerReady(SLOT);
        for (int i = 0; i < OTHERS; i++) {
            ledger.assigned(SLOT, -i - 1, key, 0, null, scopes);
            ledger.joined(SLOT, -i - 1, -i - 1);
        }
        comeAndGo();
    }

    @Benchmark
    public Object comeAndGo() {
        session++;
        Admission.Decision decision = Admission.decide(
                ledger, new Admission.Candidate(key, Standing.PROVED, scopes, 0, true), LIMIT, scope -> 0);
        ledger.assigned(SLOT, session, key, 0, ledger.backend(SLOT, BACKEND), scopes);
        ledger.joined(SLOT, session, BACKEND);
        ledger.backendStatus(SLOT, BACKEND, BackendStatus.RESETTING);
        ledger.sessionClosed(SLOT, session);
        ledger.backendStatus(SLOT, BACKEND, BackendStatus.IDLE);
        return decision;
    }
}
