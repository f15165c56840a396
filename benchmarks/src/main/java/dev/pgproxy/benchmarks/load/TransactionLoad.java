package dev.pgproxy.benchmarks.load;

import dev.pgproxy.benchmarks.peer.Logins;
import dev.pgproxy.benchmarks.peer.PeerKind;
import dev.pgproxy.benchmarks.result.Figure;
import dev.pgproxy.common.net.Endpoint;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Many clients at once, each with one transaction after the other: throughput, and the proxy's CPU for each transaction. */
public final class TransactionLoad implements Load {

    private static final double US_PER_SECOND = 1e6;

    /** Of pgbench's tables: 100,000 rows each, which fit into the server's memory. */
    private static final int SCALE = 10;

    private final Figure perSecond;
    private final @Nullable Figure cpu;
    private final Logins.Login login;
    private final List<String> options;

    /**
     * @param cpu null when the load shows nothing of the proxy's CPU that another does not show
     * @param options of pgbench: script, clients, protocol
     */
    public TransactionLoad(
            Figure perSecond, @Nullable Figure cpu, Logins.Login login, int seconds, List<String> options) {
        this.perSecond = perSecond;
        this.cpu = cpu;
        this.login = login;
        this.options = new ArrayList<>(options);
        this.options.addAll(List.of("-T", Integer.toString(seconds)));
    }

    @Override
    public String title() {
        return perSecond.title();
    }

    @Override
    public boolean suits(PeerKind kind) {
        return login.equals(Logins.TRUST) || kind.checksPasswords();
    }

    @Override
    public void run(Subject subject, Findings findings) {
        double beforeSeconds = ProcessFigures.cpuSeconds(subject.running().processes());
        Pgbench run = Pgbench.run(subject.running().address(), login, options);
        double usedSeconds = ProcessFigures.cpuSeconds(subject.running().processes()) - beforeSeconds;
        findings.found(perSecond, run.perSecond());
        if (cpu != null && subject.kind() != PeerKind.DIRECT) {
            findings.found(cpu, usedSeconds * US_PER_SECOND / run.transactions());
        }
    }

    /** Makes the tables that pgbench's own script reads. */
    public static void prepare(Endpoint server) {
        Pgbench.initialise(server, Logins.TRUST, SCALE);
    }
}
