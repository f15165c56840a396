package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.poolworker.LoneWorker.Frontend;
import dev.pgproxy.poolworker.session.Session;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A fault in the worker while it serves one client costs that client, and no other. */
class ContainedFaultTest {

    private final LoneWorker lone = new LoneWorker();

    private long closedSessions() {
        return lone.master.heard.stream()
                .filter(SessionMessages.SessionClosed.class::isInstance)
                .count();
    }

    private void oneFailsAndAnotherDoesNot(Frontend broken) {
        Frontend healthy = new Frontend("nothing");
        lone.assign(1, healthy);
        lone.assign(2, broken);
        lone.loop.tick();
        assertEquals(1, lone.worker.containedFaults());
        assertEquals(1, closedSessions());
        assertTrue(lone.master.heard.contains(new SessionMessages.SessionClosed(2)));
        assertEquals(
                List.of(1L),
                lone.worker.clients().all().stream().map(Session::id).toList());
        assertTrue(healthy.open);
    }

    /** When the session ends, the same call fails again, and the master is told of the end all the same. */
    @ParameterizedTest
    @ValueSource(strings = {"interest", "onReady"})
    void aFaultEndsTheSessionAndNoOther(String failsAt) {
        Frontend broken = new Frontend(failsAt);
        oneFailsAndAnotherDoesNot(broken);
        if (failsAt.equals("interest")) {
            assertFalse(broken.open);
        }
    }

    @Test
    void aStackThatOverflowsEndsTheSessionAndNoOther() {
        Frontend broken = new Frontend("interest");
        broken.overflows = true;
        oneFailsAndAnotherDoesNot(broken);
    }
}
