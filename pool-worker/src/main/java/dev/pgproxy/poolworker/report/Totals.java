package dev.pgproxy.poolworker.report;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.common.view.RowWriter;
import dev.pgproxy.poolworker.relay.Tally;
import java.util.HashMap;
import java.util.Map;

/** What was relayed since the worker started, by server, database and user; and the rate per second in the last whole period. */
public final class Totals {

    /** Kinds that are counted separately; all others of a server are counted as one. */
    private static final int MAX_KINDS = 10_000;

    private static final double NS_PER_SECOND = 1e9;
    private static final double NS_PER_MS = 1e6;
    private static final String OTHERS = "(others)";

    private record Kind(String server, String database, String user) {}

    /** A kind's sum now, at the end of the last period, and at the end of the period before. */
    private static final class Sum {
        private final Tally now = new Tally();
        private Tally periodEnd = new Tally();
        private Tally periodStart = new Tally();
    }

    private final Map<Kind, Sum> sums = new HashMap<>();
    private long periodStartNs;
    private long periodEndNs;

    public Totals(long nowNs) {
        periodStartNs = nowNs;
        periodEndNs = nowNs;
    }

    /** The sum that sessions of this kind are counted into. */
    public Tally of(Endpoint server, StartupParameters parameters) {
        Kind kind = new Kind(
                server.toString(),
                StartupParameters.display(parameters.serverDatabase()),
                StartupParameters.display(parameters.serverUser()));
        Kind counted =
                sums.containsKey(kind) || sums.size() < MAX_KINDS ? kind : new Kind(server.toString(), OTHERS, OTHERS);
        return sums.computeIfAbsent(counted, key -> new Sum()).now;
    }

    /** Ends a period: averages cover the time since the previous call. */
    public void endPeriod(long nowNs) {
        periodStartNs = periodEndNs;
        periodEndNs = nowNs;
        for (Sum sum : sums.values()) {
            sum.periodStart = sum.periodEnd;
            sum.periodEnd = sum.now.copy();
        }
    }

    /** Writes a row for each kind. */
    void write(RowWriter out, long nowNs) {
        boolean hasPeriod = periodEndNs != periodStartNs;
        double seconds = Math.max(1, hasPeriod ? periodEndNs - periodStartNs : nowNs - periodStartNs) / NS_PER_SECOND;
        sums.forEach((kind, sum) -> {
            Tally now = sum.now;
            Tally to = hasPeriod ? sum.periodEnd : now;
            Tally from = sum.periodStart;
            long queries = to.queries() - from.queries();
            out.text(kind.server()).text(kind.database()).text(kind.user());
            out.int8(now.sessions()).int8(now.queries()).int8(now.transactions());
            out.int8(now.clientBytes()).int8(now.serverBytes());
            out.float8(now.queryNs() / NS_PER_SECOND).float8(now.waitNs() / NS_PER_SECOND);
            out.float8((to.sessions() - from.sessions()) / seconds);
            out.float8(queries / seconds);
            out.float8((to.transactions() - from.transactions()) / seconds);
            out.float8((to.clientBytes() - from.clientBytes()) / seconds);
            out.float8((to.serverBytes() - from.serverBytes()) / seconds);
            out.float8(queries == 0 ? 0 : (to.queryNs() - from.queryNs()) / NS_PER_MS / queries);
            out.endRow();
        });
    }
}
