package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Operators see each server's role, which standby could take over, and what would not rejoin afterwards. */
class ClusterViewSystemTest {

    private static String of(Endpoint server, String columns) {
        return "select " + columns + " from server where server = '" + server + "'";
    }

    @Test
    void operatorsSeeWhoIsWhatAndWhatStandsInTheWay() throws Exception {
        try (PostgresCluster cluster =
                        PostgresCluster.start(PostgresCluster.Options.of(15).withStandbys(2));
                ProxyProcess proxy = FailoverSystemTest.proxy(cluster);
                Operator operator = Operator.of(proxy)) {
            Endpoint primary = cluster.primary().address();
            Endpoint heir = cluster.standbys().get(0).address();
            Endpoint other = cluster.standbys().get(1).address();
            // By its name in the configuration, though the standbys use another name.
            operator.await("its upstream", of(heir, "promote, promotable, upstream"), "t|t|" + primary);
            operator.await("no promotion", of(primary, "promote, promotable, upstream"), "f|null|null");
            operator.await("the reason", of(other, "promotable, not_promotable_because"), "f|promote names " + heir);
            assertEquals(
                    "1|0",
                    operator.value(
                            "select count(distinct timeline), max(lag_bytes) from server where lag_bytes is not null"));
            assertTrue(operator.value(of(primary, "lsn")).matches("[0-9A-F]+/[0-9A-F]+"));
            FailoverSystemTest.awaitLog(proxy, "event=standby_would_not_follow server=" + other);
            FailoverSystemTest.awaitLog(proxy, "event=rejoin_at_risk server=" + primary);
            FailoverSystemTest.awaitLog(proxy, "event=rejoin_at_risk server=" + heir);
            assertTrue(operator.value(of(primary, "warning")).contains("wal_log_hints"), "nothing of pg_rewind");

            operator.execute("PAUSE \"" + primary + '"');
            assertTrue(operator.value(of(heir, "not_promotable_because")).contains("an operator has paused"), "paused");
            operator.execute("RESUME \"" + primary + '"');

            operator.execute("SWITCHOVER TO '" + heir + "'");
            operator.await("the old primary", of(primary, "role, up, in_recovery"), "old primary|t|f");
            assertTrue(operator.value(of(primary, "problem")).startsWith("it takes writes"), "no problem");
            List<String> shown = operator.rows("SHOW CLUSTER");
            assertTrue(
                    shown.stream().anyMatch(row -> row.startsWith("primary|" + heir + "|t|f|null|")), shown.toString());
        }
    }
}
