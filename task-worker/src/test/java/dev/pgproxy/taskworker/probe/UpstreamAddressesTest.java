package dev.pgproxy.taskworker.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.process.Await;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Numeric addresses only, so that no resolver is asked. */
class UpstreamAddressesTest {

    private static final Duration LOOKED_UP = Duration.ofSeconds(30);

    private final AtomicLong clock = new AtomicLong();
    private final UpstreamAddresses addresses = new UpstreamAddresses(clock::get);

    private void assertFound(List<String> expected, String hosts, String ports, boolean fromLoopback) {
        Await.until(
                "the addresses of " + hosts,
                LOOKED_UP,
                () -> addresses.of(hosts, ports, fromLoopback).equals(expected));
    }

    @Test
    void onePortIsForAllHostsAndNoneIsTheUsualOne() {
        assertFound(List.of("10.0.0.1:6432", "10.0.0.2:6432"), "10.0.0.1,10.0.0.2", "6432", false);
        assertFound(List.of("10.0.0.1:6432", "10.0.0.2:5432"), "10.0.0.1,10.0.0.2", "6432,", false);
    }

    @Test
    void anAnswerIsForItsQuestionOnly() {
        assertFound(List.of("10.0.0.1:5432"), "10.0.0.1", "", false);
        assertEquals(List.of(), addresses.of("10.0.0.2", "", false), "not known yet");
        assertFound(List.of("10.0.0.2:5432"), "10.0.0.2", "", false);
    }

    @Test
    void whatMeansSomethingElseHereIsNotKnown() {
        assertEquals(List.of("127.0.0.1:5432"), lookUp(true, "127.0.0.1"));
        assertEquals(List.of(), lookUp(false, "127.0.0.1"));
        assertEquals(List.of(), lookUp(false, "10.0.0.1", "/var/run/postgresql"));
        assertEquals(List.of(), lookUp(false, "@abstract"));
        assertEquals(List.of(), lookUp(false, ""));
    }

    /** A server is known by its address on one standby, and by its socket on another or in the configuration. */
    @Test
    void aSocketOnThisHostIsAServerAtAllItsAddresses() {
        List<String> own = UpstreamAddresses.ofThisHost(5433);
        assertTrue(own.contains("127.0.0.1:5433"), own::toString);
        assertEquals(own, UpstreamAddresses.lookUp(new String[] {"/run/postgresql"}, new String[] {"5433"}, true));
        assertEquals(UpstreamAddresses.ofThisHost(5432), lookUp(true, "/run/postgresql"));
        assertEquals(List.of(), UpstreamAddresses.lookUp(new String[] {"/run/s"}, new String[] {"none"}, true));
        assertEquals(List.of(), UpstreamAddresses.ofThisHost(0));
        assertEquals(List.of(), lookUp(true, ""));
    }

    private static List<String> lookUp(boolean fromLoopback, String... hosts) {
        return UpstreamAddresses.lookUp(hosts, new String[] {""}, fromLoopback);
    }

    @Test
    void addressesOfThisHostAloneAreToldFromOthers() {
        assertTrue(UpstreamAddresses.areLoopback(List.of("127.0.0.1", "::1")));
        assertFalse(UpstreamAddresses.areLoopback(List.of("127.0.0.1", "10.0.0.1")));
        assertFalse(UpstreamAddresses.areLoopback(List.of()));
        assertEquals(List.of("10.0.0.1:5433"), UpstreamAddresses.own(List.of("10.0.0.1"), 5433));
    }
}
