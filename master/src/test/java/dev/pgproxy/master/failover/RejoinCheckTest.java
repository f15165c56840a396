package dev.pgproxy.master.failover;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.probe.Topology;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RejoinCheckTest {

    private static final Endpoint PRIMARY = new Endpoint.Tcp("a", 1);
    private static final Endpoint PROMOTE = new Endpoint.Tcp("b", 2);
    private static final Endpoint THIRD = new Endpoint.Tcp("c", 3);
    private static final Endpoint OTHER = new Endpoint.Tcp("d", 4);
    private static final ProxyConfig.Servers SERVERS =
            new ProxyConfig.Servers(PRIMARY, Optional.of(PROMOTE), List.of(PROMOTE, THIRD, OTHER));
    private static final ProxyConfig.Servers WITHOUT_FAILOVER =
            new ProxyConfig.Servers(PRIMARY, Optional.empty(), List.of(OTHER));

    private static ServerFacts facts(boolean inRecovery, Topology topology) {
        return new ServerFacts(inRecovery, 1, 1, 1, 1, 0, ServerFacts.WalReceiver.DOWN, topology);
    }

    private static Topology upkeep(boolean rewindable, boolean keepsWal, String... lostSlots) {
        return new Topology(List.of(), "", List.of(), List.of(), rewindable, keepsWal, List.of(lostSlots));
    }

    private static Topology standby(String own, List<String> upstream, String... named) {
        return new Topology(List.of(own), "a:1", upstream, List.of(named), true, true, List.of());
    }

    private static List<String> events(
            Endpoint server, ServerFacts facts, ProxyConfig.Servers servers, Map<Endpoint, ServerFacts> known) {
        return RejoinCheck.risks(server, facts, servers, known::get).stream()
                .map(RejoinCheck.Risk::event)
                .toList();
    }

    @Test
    void whatRewindNeedsIsMissedOnThePrimaryOnly() {
        ServerFacts bare = facts(false, upkeep(false, false));
        assertEquals(2, events(PRIMARY, bare, SERVERS, Map.of()).size());
        assertEquals(List.of("rejoin_at_risk"), events(PROMOTE, facts(true, upkeep(false, false)), SERVERS, Map.of()));
        assertEquals(List.of(), events(OTHER, facts(true, upkeep(false, false)), SERVERS, Map.of()));
        assertEquals(List.of(), events(PRIMARY, facts(false, upkeep(true, true)), SERVERS, Map.of()));
        assertEquals(List.of(), events(PRIMARY, bare, WITHOUT_FAILOVER, Map.of()));
    }

    @Test
    void aSlotWithoutItsWalIsSaidInAnyCase() {
        ServerFacts facts = facts(false, upkeep(true, true, "one"));
        RejoinCheck.Risk risk = RejoinCheck.risks(PRIMARY, facts, WITHOUT_FAILOVER, server -> null)
                .get(0);
        assertTrue(risk.message().contains("[one]"), risk.message());
    }

    @Test
    void aStandbyThatFollowsThePrimaryItselfIsSaidWhereThatIsCertain() {
        Map<Endpoint, ServerFacts> known = Map.of(
                PRIMARY, facts(false, standby("10.0.0.1:5432", List.of())),
                PROMOTE, facts(true, standby("10.0.0.2:5432", List.of("10.0.0.1:5432"), "10.0.0.1:5432")),
                THIRD, facts(true, standby("10.0.0.3:5432", List.of("10.0.0.2:5432"), "10.0.0.2:5432")));
        assertEquals(List.of("standby_would_not_follow"), follow(known, "10.0.0.1:5432", "10.0.0.1:5432"));
        assertEquals(
                List.of(), follow(known, "10.0.0.1:5432", "10.0.0.1:5432", "10.0.0.2:5432"), "it would turn to it");
        assertEquals(List.of(), follow(known, "10.0.0.2:5432", "10.0.0.2:5432"));
        assertEquals(List.of(), follow(known, "10.0.0.3:5432", "10.0.0.3:5432"), "two steps below it");
        assertEquals(List.of(), follow(known, "172.17.0.1:5432", "172.17.0.1:5432"), "by what name nobody knows");
        assertEquals(List.of(), follow(Map.of(), "10.0.0.1:5432", "10.0.0.1:5432"));
        Map<Endpoint, ServerFacts> withoutNames = Map.of(
                PRIMARY, facts(false, standby("10.0.0.1:5432", List.of())), PROMOTE, facts(true, upkeep(true, true)));
        assertEquals(List.of(), follow(withoutNames, "10.0.0.1:5432", "10.0.0.2:5432"), "the resolver does not answer");
        ServerFacts bySocket = facts(true, standby("x:1", List.of()));
        assertEquals(List.of(), events(OTHER, bySocket, SERVERS, known));
    }

    private static List<String> follow(Map<Endpoint, ServerFacts> known, String upstream, String... named) {
        return events(OTHER, facts(true, standby("10.0.0.4:5432", List.of(upstream), named)), SERVERS, known);
    }

    @Test
    void eachIsToldOnce() {
        ServerHealth known = new ServerHealth();
        known.facts = facts(false, upkeep(false, true));
        assertEquals(
                1, RejoinCheck.news(PRIMARY, known, SERVERS, server -> null).size());
        assertEquals(
                0, RejoinCheck.news(PRIMARY, known, SERVERS, server -> null).size());
    }
}
