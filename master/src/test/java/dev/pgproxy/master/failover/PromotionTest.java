package dev.pgproxy.master.failover;

import static dev.pgproxy.master.failover.PlayedProbes.ORPHAN;
import static dev.pgproxy.master.failover.PlayedProbes.REFUSED;
import static dev.pgproxy.master.failover.PlayedProbes.STANDBY;
import static dev.pgproxy.master.failover.PlayedProbes.primary;
import static dev.pgproxy.master.failover.PolicyParts.X;
import static dev.pgproxy.master.failover.PolicyParts.Y;
import static dev.pgproxy.master.failover.PolicyParts.Z;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.Alert;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PromotionTest {

    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(60);

    private final PolicyParts parts = new PolicyParts("promote_timeout = 60");
    private final Promotion promotion = parts.promotion;

    @BeforeEach
    void decide() {
        parts.primaryDies();
        parts.situation.change().proceed(Phase.INTENDING, Y);
        parts.situation.adopt(
                ((Action.Save) parts.decisions.decide(FailoverState.Phase.INTENT, FailoverState.Cause.FAILOVER, Y))
                        .state());
        promotion.begin(Y, parts.done);
    }

    @Test
    void theStandbyIsToldAtOnce() {
        assertEquals(List.of(new Action.Promote(Y, 0)), parts.done);
        assertEquals(Promotion.Due.NOW, promotion.due(Y));
        assertFalse(promotion.isSent());
    }

    @Test
    void noOtherServerIsTold() {
        assertEquals(Promotion.Due.DROPPED, promotion.due(Z));
        assertEquals(List.of(), promotion.sent(Z, 0));
        assertEquals(List.of(), promotion.notSent(Z, "a problem"));
    }

    /** Another server may have been promoted since, and two primaries are worse than none. */
    @Test
    void itIsNotToldWhileAnotherMayHaveBeenPromoted() {
        parts.situation.known(Z).seen = false;
        assertEquals(Promotion.Due.NOT_YET, promotion.due(Y));
        parts.see(Z, primary(2));
        assertEquals(Promotion.Due.NOT_YET, promotion.due(Y));
        parts.see(Z, STANDBY);
        assertEquals(Promotion.Due.NOW, promotion.due(Y));
    }

    @Test
    void itIsDoneWhenTheStandbyTakesWrites() {
        promotion.sent(Y, 0);
        promotion.probed(Y, parts.see(Y, ORPHAN), 1, parts.done);
        assertTrue(parts.situation.isIn(Phase.PROMOTING));
        parts.done.clear();
        promotion.probed(Y, parts.see(Y, primary(2)), 2, parts.done);
        assertTrue(parts.situation.isIn(Phase.FINISHING));
        FailoverState.Decision saved =
                parts.done(Action.Save.class).get(0).state().decision().orElseThrow();
        assertEquals(FailoverState.Phase.DONE, saved.phase());
        assertEquals(X, saved.oldPrimary());
        assertEquals(Y, saved.newPrimary());
    }

    @Test
    void afterItsTimeoutItIsToldAgainAndOperatorsHearItOnce() {
        promotion.sent(Y, 0);
        parts.done.clear();
        promotion.probed(Y, parts.see(Y, ORPHAN), TIMEOUT_NS, parts.done);
        assertEquals(List.of(new Action.Probe(Y, false, Promotion.POLL_MS)), parts.done);
        promotion.probed(Y, parts.see(Y, ORPHAN), TIMEOUT_NS + 1, parts.done);
        assertFalse(promotion.isSent());
        assertEquals(List.of(Alert.Kind.PROMOTION_FAILED), parts.told());
        assertEquals(
                parts.situation.retryMs(),
                parts.done(Action.Promote.class).get(0).afterMs());

        promotion.sent(Y, 2 * TIMEOUT_NS);
        promotion.probed(Y, parts.see(Y, ORPHAN), 4 * TIMEOUT_NS, parts.done);
        assertEquals(List.of(Alert.Kind.PROMOTION_FAILED), parts.told(), "once");
    }

    @Test
    void aStandbyThatCannotBeToldIsTriedAgain() {
        List<Action> next = promotion.notSent(Y, "it refuses");
        assertTrue(next.contains(new Action.Promote(Y, parts.situation.retryMs())));
        assertTrue(next.contains(new Action.Probe(Y, true, 0)), "it may have been promoted nevertheless");
        promotion.probed(Y, parts.see(Y, REFUSED), TIMEOUT_NS, parts.done);
        assertTrue(parts.situation.isIn(Phase.PROMOTING), "there is no way back");
    }
}
