package dev.pgproxy.poolworker.backend;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.MessageFramer;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServerIdentityTest {

    private final StatusTable table = new StatusTable();
    private final ServerIdentity one = new ServerIdentity();
    private final ServerIdentity other = new ServerIdentity();

    private static boolean status(ServerIdentity server, String name, String value) {
        return server.status(BackendMessage.parameterStatus(name, value), MessageFramer.HEADER_BYTES);
    }

    private static byte[] said(String... namesAndValues) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            said.writeBytes(BackendMessage.parameterStatus(namesAndValues[i], namesAndValues[i + 1]));
        }
        return said.toByteArray();
    }

    private void logIn(ServerIdentity server) {
        assertTrue(status(server, "TimeZone", "UTC"));
        assertTrue(status(server, "application_name", "a"));
        server.share(table);
    }

    @Test
    void serversThatReportTheSameShareIt() {
        logIn(one);
        logIn(other);
        assertSame(
                one.statusMessages().iterator().next(),
                other.statusMessages().iterator().next());
    }

    @Test
    void sessionsWithTheSameStartShareWhatIsKeptOfIt() {
        ServerIdentity first = new ServerIdentity();
        ServerIdentity second = new ServerIdentity();
        for (ServerIdentity server : List.of(first, second)) {
            server.startedWith("a ".concat("fingerprint"), Map.of("application_name", "psql"));
            server.share(table);
        }
        assertSame(first.fingerprint(), second.fingerprint());
        assertSame(first.ignoredParameters(), second.ignoredParameters());
    }

    @Test
    void aChangeOfOneIsNoneOfTheOther() {
        logIn(one);
        logIn(other);
        assertTrue(status(one, "TimeZone", "Europe/Berlin"));
        assertEquals(Map.of("TimeZone", "Europe/Berlin", "application_name", "a"), one.statuses());
        assertEquals(Map.of("TimeZone", "UTC", "application_name", "a"), other.statuses());
        assertTrue(status(one, "TimeZone", "UTC"));
        assertEquals(one.statuses(), other.statuses());
        assertNotSame(one, other);
    }

    @Test
    void allOfThemAreWhatALoginWouldSend() {
        assertTrue(status(one, "TimeZone", "UTC"));
        assertArrayEquals(said("TimeZone", "UTC"), one.allStatuses(), "in the middle of a login");
        logIn(one);
        logIn(other);
        assertSame(one.allStatuses(), other.allStatuses());
        assertTrue(status(one, "TimeZone", "Europe/Berlin"));
        assertArrayEquals(said("TimeZone", "Europe/Berlin", "application_name", "a"), one.allStatuses());
        assertArrayEquals(said("TimeZone", "UTC", "application_name", "a"), other.allStatuses());
    }

    @Test
    void whatIsMalformedIsNotNoted() {
        logIn(one);
        byte[] cut = BackendMessage.parameterStatus("TimeZone", "UTC");
        cut[cut.length - 1] = 'x';
        assertFalse(one.status(cut, MessageFramer.HEADER_BYTES));
        assertFalse(status(one, "", "x"));
        assertFalse(status(one, "huge", "x".repeat(40_000)));
        assertEquals(2, one.statuses().size());
    }
}
