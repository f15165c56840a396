package dev.pgproxy.poolworker.traffic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.poolworker.LoneWorker;
import dev.pgproxy.poolworker.PlayedServers;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import dev.pgproxy.poolworker.relay.Tally;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class BackendLeaseTest {

    private static final byte[] QUERY = FrontendMessage.query("SELECT 1");

    private final PlayedServers servers = new PlayedServers();
    private final LoneWorker lone = new LoneWorker(servers);

    /** Not the client of the session that has the backend, so that no session reads what it sends. */
    private final LoneWorker.Frontend client = new LoneWorker.Frontend();

    private final Backend backend = connected();
    private final Tally tally = new Tally();
    private final BackendLease lease = lease();

    private Backend connected() {
        lone.logIn(1, servers);
        return Objects.requireNonNull(
                lone.worker.clients().all().iterator().next().backend());
    }

    private BackendLease lease() {
        DatabaseWait databases = new DatabaseWait(lone.loop.scheduler(), () -> true, name -> {});
        Pipe toServer = new Pipe(
                new RelayBuffers(1024),
                new FrontendTraffic(backend.progress(), tally, lone.loop.clock(), new StateTrace(), databases, null));
        BackendLease lease = new BackendLease(
                client,
                backend,
                toServer,
                tally,
                new BackendTraffic(backend.identity(), backend.progress(), tally, lone.loop.clock(), new SilentNews()));
        lease.inspect();
        return lease;
    }

    private String seen() {
        return client.written.toString(StandardCharsets.ISO_8859_1);
    }

    private void ask() throws ProtocolViolation {
        client.say(QUERY);
        assertEquals(Pipe.Outcome.MOVED, lease.fromClient());
    }

    private void answer() throws ProtocolViolation {
        servers.last().sayUnnoticed(PlayedServers.complete("SELECT 1"), BackendMessage.readyForQueryIdle());
        assertEquals(Pipe.Outcome.MOVED, lease.fromServer());
    }

    @Test
    void itIsOverWhenTheQueryIsAnswered() throws ProtocolViolation {
        assertTrue(lease.isOver());
        ask();
        assertFalse(lease.isOver() || lease.isQuiet());
        answer();
        assertTrue(lease.isOver() && lease.isQuiet() && lease.isAtRest());
        assertEquals(QUERY.length, tally.clientBytes());
    }

    @Test
    void itIsNotOverWhileTheClientHasNotReadItsAnswer() throws ProtocolViolation {
        ask();
        client.isSlow = true;
        answer();
        assertTrue(lease.isClientSlow());
        assertFalse(lease.isOver() || lease.isQuiet());
        client.isSlow = false;
        assertTrue(lease.flushToClient());
        assertTrue(lease.isOver());
    }

    /** Whether the close that follows needs an explanation is known only to this lease. */
    @Test
    void itIsNotOverWhenTheServersLastMessageWasAnError() throws ProtocolViolation {
        servers.last().sayUnnoticed(BackendMessage.fatal(SqlState.ADMIN_SHUTDOWN, "terminating", ""));
        lease.fromServer();
        assertFalse(lease.isOver());
        assertEquals(SqlState.ADMIN_SHUTDOWN, lease.traffic().fatalSqlState());
    }

    @Test
    void bytesThatAreNoMessagesEndWhatTheServerMayBeSent() {
        client.say(new byte[] {'Q', 0, 0, 0, 0});
        assertThrows(ProtocolViolation.class, lease::fromClient);
        assertTrue(lease.serverTakesNothing());
        assertFalse(lease.isOver() || lease.endsClean());
    }

    @Test
    void bytesOfTheServerThatAreNoMessagesMakeItsBackendDoubtful() {
        servers.last().sayUnnoticed(new byte[] {'Z', 0, 0, 0, 0});
        assertThrows(ProtocolViolation.class, lease::fromServer);
        assertFalse(backend.progress().isResettable());
    }

    @Test
    void halfAMessageToTheServerIsNoCleanEnd() throws ProtocolViolation {
        client.say(new byte[] {'d', 0, 0, 0, 100, 1});
        lease.fromClient();
        assertFalse(lease.endsClean() || lease.isOver());
    }

    @Test
    void aClientIsToldAgainOnlyWhereAMessageMayBegin() throws ProtocolViolation {
        byte[] status = BackendMessage.parameterStatus("TimeZone", "UTC");
        assertTrue(lease.tellClientAgain(List.of(status)));
        assertEquals(new String(status, StandardCharsets.ISO_8859_1), seen());
        servers.last().sayUnnoticed(new byte[] {'d', 0, 0, 0, 100, 1});
        lease.fromServer();
        int before = client.written.size();
        assertTrue(lease.tellClientAgain(List.of(status)));
        assertEquals(before, client.written.size());
        assertTrue(lease.tellClientAgain(List.of()));
    }

    @Test
    void afterItsEndNothingIsReadWithoutAnother() throws ProtocolViolation {
        lease.end();
        servers.last().sayUnnoticed(BackendMessage.readyForQueryIdle());
        assertThrows(IllegalStateException.class, lease::fromServer);
    }
}
