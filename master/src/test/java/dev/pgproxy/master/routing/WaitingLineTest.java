package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WaitingLineTest {

    private static final Endpoint SERVER = new Endpoint.Tcp("server", 5432);
    private static final Endpoint OTHER = new Endpoint.Tcp("other", 5432);
    private static final PlaceLimits LIMITS =
            new PlaceLimits(new ProxyConfig.Limits(100, 20, 10, 10, Map.of("ann", 2), Map.of()));

    private final SimulatedProcess process = new SimulatedProcess(new Random(1), () -> 0);
    private final PlayedClients clients = new PlayedClients(process::connect);
    private final WaitingLine line = new WaitingLine(LIMITS);

    private RoutedClient add(long id, String user) {
        RoutedClient client = clients.routed(id, SERVER, user, 1, Standing.PROVED);
        line.add(client);
        return client;
    }

    private static long id(@Nullable RoutedClient client) {
        return client == null ? 0 : client.sessionId();
    }

    private long headAfter(long id, PlaceLimits.Scope... passedOver) {
        return id(line.headAfter(SERVER, id, Set.of(passedOver)));
    }

    @Test
    void onlyTheFirstOfAKindIsLookedAt() {
        RoutedClient first = add(1, "ann");
        add(2, "ann");
        add(3, "bob");
        assertEquals(1, headAfter(0));
        assertEquals(3, headAfter(1));
        assertTrue(line.remove(first));
        assertEquals(2, headAfter(0));
        assertEquals(0, headAfter(3));
    }

    /** Such as a client that comes back from a server. */
    @Test
    void whoArrivedFirstStaysFirst() {
        add(2, "ann");
        add(1, "ann");
        assertEquals(1, headAfter(0));
        assertEquals(2, line.size());
    }

    @Test
    void thoseWhoWaitForALimitArePassedOverTogether() {
        add(1, "ann");
        add(2, "bob");
        PlaceLimits.Scope ofAnn = new PlaceLimits.Scope(SERVER, PlaceLimits.Kind.USER, "ann");
        assertEquals(2, headAfter(0, ofAnn));
        assertEquals(0, headAfter(0, new PlaceLimits.Scope(SERVER, PlaceLimits.Kind.SERVER, "")));
    }

    @Test
    void eachServerHasItsOwnLine() {
        line.add(clients.routed(1, OTHER, "ann", 1, Standing.PROVED));
        add(2, "ann");
        assertEquals(2, headAfter(0));
        assertEquals(Set.of(SERVER, OTHER), Set.copyOf(line.servers()));
        assertEquals(2, line.all().size());
    }

    @Test
    void nobodyLeavesTwice() {
        RoutedClient client = add(1, "ann");
        assertTrue(line.has(client));
        assertTrue(line.heldBytes() > 0);
        assertTrue(line.remove(client));
        assertFalse(line.remove(client));
        assertFalse(line.has(client));
        assertEquals(0, line.size());
        assertEquals(0, line.heldBytes());
    }

    @Test
    void strangersTakeTurnsByNeighbour() {
        NeighbourTurns turns = new NeighbourTurns();
        RoutedClient crowd = clients.routed(1, SERVER, "x", 1, Standing.STRANGER);
        line.add(crowd);
        line.add(clients.routed(2, SERVER, "x", 1, Standing.STRANGER));
        line.add(clients.routed(3, SERVER, "x", 2, Standing.STRANGER));
        assertEquals(1, id(line.strangerInTurn(SERVER, Set.of(), turns)));
        line.remove(crowd);
        turns.served(crowd.neighbour());
        assertEquals(3, id(line.strangerInTurn(SERVER, Set.of(), turns)), "the other neighbour has its turn");
    }

    @Test
    void allStrangersArePassedOverAtOnce() {
        line.add(clients.routed(1, SERVER, "x", 1, Standing.STRANGER));
        add(2, "ann");
        assertEquals(1, headAfter(0));
        assertEquals(2, headAfter(0, PlaceLimits.allStrangers(SERVER)));
        assertNull(line.strangerInTurn(SERVER, Set.of(PlaceLimits.allStrangers(SERVER)), new NeighbourTurns()));
    }
}
