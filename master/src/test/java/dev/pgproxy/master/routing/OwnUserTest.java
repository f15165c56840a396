package dev.pgproxy.master.routing;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.peer.Peer;
import org.junit.jupiter.api.Test;

class OwnUserTest {

    private static final OwnUser POSTGRES = new OwnUser("postgres", 70);
    private static final Endpoint SOCKET = new Endpoint.Unix("/run/postgresql/.s.PGSQL.5432");
    private static final Endpoint TCP = new Endpoint.Tcp("127.0.0.1", 5432);
    private static final Peer REMOTE = new Peer.Tcp("10.0.0.1", 40_000);

    private static boolean isLent(Peer client, Endpoint server, String user) {
        return POSTGRES.isLentTo(client, server, PlayedClients.startup(user).parameters());
    }

    @Test
    void peerWouldLetAnybodyInAsThisUser() {
        assertTrue(isLent(REMOTE, SOCKET, "postgres"));
        assertTrue(isLent(new Peer.Tcp("127.0.0.1", 40_000), SOCKET, "postgres"));
        assertTrue(isLent(new Peer.Unix(1000, 1), SOCKET, "postgres"));
        assertTrue(isLent(new Peer.Unix(0, 1), SOCKET, "postgres"));
    }

    @Test
    void onlyThisUserItselfIsNoStranger() {
        assertFalse(isLent(new Peer.Unix(70, 1), SOCKET, "postgres"));
    }

    @Test
    void otherRolesAndOtherWaysAreNotConcerned() {
        assertFalse(isLent(REMOTE, SOCKET, "app"));
        assertFalse(isLent(REMOTE, SOCKET, "Postgres"));
        assertFalse(isLent(REMOTE, TCP, "postgres"));
    }

    @Test
    void aUserWithoutANameCouldHaveAnyOnTheServer() {
        OwnUser nameless = new OwnUser("?", 999);
        assertTrue(
                nameless.isLentTo(REMOTE, SOCKET, PlayedClients.startup("app").parameters()));
        assertFalse(nameless.isLentTo(
                new Peer.Unix(999, 1), SOCKET, PlayedClients.startup("app").parameters()));
        assertFalse(nameless.isLentTo(REMOTE, TCP, PlayedClients.startup("app").parameters()));
    }

    /** The server cuts names to 63 bytes before it compares them. */
    @Test
    void aNameIsComparedAsTheServerKnowsIt() {
        String longest = "u".repeat(63);
        assertTrue(new OwnUser(longest, 70)
                .isLentTo(REMOTE, SOCKET, PlayedClients.startup(longest + "x").parameters()));
    }
}
