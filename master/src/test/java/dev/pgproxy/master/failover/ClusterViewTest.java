package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ClusterViewTest {

    private static final Endpoint PRIMARY = new Endpoint.Tcp("a", 1);
    private static final Endpoint HEIR = new Endpoint.Tcp("b", 2);
    private static final Endpoint OTHER = new Endpoint.Tcp("c", 3);
    private static final ProxyConfig.Servers SERVERS =
            new ProxyConfig.Servers(PRIMARY, Optional.of(HEIR), List.of(HEIR, OTHER));
    private static final ProxyConfig.StandbyLimits NO_LIMITS = new ProxyConfig.StandbyLimits(3, 0, Duration.ZERO);
    private static final ProxyConfig.Failover RULES = new ProxyConfig.Failover(
            ProxyConfig.PromoteMethod.AUTO,
            Duration.ofSeconds(60),
            3,
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5),
            9999,
            Duration.ofSeconds(30),
            true,
            0,
            true,
            false);

    private final Set<Endpoint> paused = new HashSet<>();
    private final FailoverPolicy policy = new FailoverPolicy(
            SERVERS, FailoverState.initial(SERVERS), RULES, NO_LIMITS, () -> Instant.EPOCH, paused::contains);

    private void answers(Endpoint server, boolean inRecovery, long lsn, double lagSeconds, boolean streams) {
        Topology topology = new Topology(
                List.of(server.toString()),
                inRecovery ? "10.0.0.1:5432" : "",
                inRecovery ? List.of("a:1") : List.of(),
                List.of(),
                true,
                true,
                List.of());
        ServerFacts.WalReceiver receiver = new ServerFacts.WalReceiver(streams, 0, 0);
        looked(
                server,
                new Observation.Answered(
                        new ServerFacts(inRecovery, 4711, 1, lsn, lsn, lagSeconds, receiver, topology)));
    }

    /** Reports a probe; saves complete at once. */
    private void looked(Endpoint server, Observation observation) {
        for (Action action : policy.probed(server, observation, true, 0)) {
            if (action instanceof Action.Save save) {
                policy.saved(save.number(), save.state(), 0);
            }
        }
    }

    private ServerView view(Endpoint server) {
        return new ClusterView(policy, NO_LIMITS).of(server);
    }

    @Test
    void whatWasNotAskedYetIsNotKnown() {
        assertEquals("primary", view(PRIMARY).role());
        assertEquals("it was not asked yet", view(HEIR).notPromotable());
        assertEquals(-1, view(HEIR).lagBytes());
        assertNull(view(HEIR).problem());
    }

    @Test
    void theHeirThatStreamsCouldBePromoted() {
        answers(PRIMARY, false, 500, 0, false);
        answers(HEIR, true, 400, 0, true);
        assertNull(view(HEIR).notPromotable(), "that it hears the primary is as it should be");
        assertEquals(100, view(HEIR).lagBytes());
        assertEquals("a:1", view(HEIR).upstream());
        assertEquals("promote names b:2", view(OTHER).notPromotable());
        assertNull(view(PRIMARY).notPromotable());
    }

    @Test
    void whatIsWrongIsSaidWithoutLimits() {
        answers(PRIMARY, false, 500, 0, false);
        answers(OTHER, true, 100, 75, true);
        assertEquals("it lags by 75 s", view(OTHER).problem());
        answers(OTHER, true, 100, 5, true);
        assertNull(view(OTHER).problem());
        answers(OTHER, true, 100, 75, false);
        assertEquals("its WAL receiver is not connected", view(OTHER).problem());
        looked(OTHER, new Observation.Failed(FailureKind.REFUSED, "refused"));
        assertEquals("refused", view(OTHER).problem());
        answers(PRIMARY, true, 500, 0, true);
        assertEquals("it is a standby: it was demoted", view(PRIMARY).problem());
    }

    @Test
    void whatStandsInTheWayIsSaid() {
        answers(PRIMARY, false, 500, 0, false);
        answers(HEIR, true, 500, 0, true);
        paused.add(PRIMARY);
        assertEquals(
                "it is not needed: an operator has paused the primary (RESUME in pg_proxy ends that)",
                view(HEIR).notPromotable());
        paused.clear();
        policy.examined(HEIR, "conninfo.user may not call pg_promote");
        assertEquals(
                "it could not be told to become the primary: conninfo.user may not call pg_promote",
                view(HEIR).notPromotable());
        policy.examined(HEIR, null);
        assertNull(view(HEIR).notPromotable());
        looked(HEIR, new Observation.Failed(FailureKind.REFUSED, "refused"));
        assertEquals("it cannot be asked: refused", view(HEIR).notPromotable());
    }
}
