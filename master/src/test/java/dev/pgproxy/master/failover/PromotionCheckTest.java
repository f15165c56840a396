package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;
import dev.pgproxy.testkit.config.TestConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PromotionCheckTest {

    private static final Topology NOWHERE = new Topology(List.of(), "", List.of(), List.of(), true, true, List.of());
    private static final PromotionCheck.Primary PRIMARY = new PromotionCheck.Primary(1, 1_000, false);

    private static ProxyConfig.Failover rules(String... lines) {
        return TestConfig.of("master = db:5432\nconninfo.user = postgres", String.join("\n", lines))
                .failover();
    }

    private static ServerFacts standby(long systemId, long lsn, boolean hears) {
        return new ServerFacts(true, systemId, 1, lsn, lsn, 0, new ServerFacts.WalReceiver(hears, 0, 30_000), NOWHERE);
    }

    private static @Nullable String objection(ServerFacts facts, PromotionCheck.Primary primary, String... lines) {
        return PromotionCheck.objection(new Observation.Answered(facts), primary, rules(lines));
    }

    private static void assertObjection(String words, @Nullable String objection) {
        assertNotNull(objection);
        assertTrue(objection.contains(words), objection);
    }

    @Test
    void oneThatHasEverythingAndHearsNothingMayBePromoted() {
        assertNull(objection(standby(1, 1_000, false), PRIMARY));
    }

    @Test
    void oneThatStillHearsThePrimaryMayNotUnlessThatIsIgnored() {
        assertObjection("still hears the primary", objection(standby(1, 1_000, true), PRIMARY));
        assertNull(objection(standby(1, 1_000, true), PRIMARY, "failover.require_standby_agrees = off"));
    }

    @Test
    void nothingIsPromotedBesideAPausedPrimary() {
        assertObjection(
                "an operator has paused the primary",
                objection(standby(1, 1_000, false), new PromotionCheck.Primary(1, 1_000, true)));
    }

    @Test
    void oneThatCannotBeAskedMayNot() {
        assertEquals(
                "cannot be asked: a problem",
                PromotionCheck.objection(new Observation.Failed(FailureKind.REFUSED, "a problem"), PRIMARY, rules()));
    }

    @Test
    void oneOfAnotherClusterMayNot() {
        assertObjection("system identifier 7", objection(standby(7, 1_000, false), PRIMARY));
        assertObjection(
                "has never seen the primary",
                objection(standby(1, 1_000, false), new PromotionCheck.Primary(0, 0, false)));
    }

    @Test
    void oneThatLacksTooMuchMayNotWhereThatIsBounded() {
        assertNull(objection(standby(1, 100, false), PRIMARY));
        assertNull(objection(standby(1, 900, false), PRIMARY, "failover.max_lag_bytes = 100"));
        assertObjection(
                "lacks 101 bytes of WAL", objection(standby(1, 899, false), PRIMARY, "failover.max_lag_bytes = 100"));
        assertObjection(
                "was not seen since pgproxy was started",
                objection(
                        standby(1, 1_000, false),
                        new PromotionCheck.Primary(1, 0, false),
                        "failover.max_lag_bytes = 100"));
    }
}
