package dev.pgproxy.common.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.loop.Interest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** More descriptors are ready than one poll handles. */
class EpollPollerTest {

    private static final int CROWD = 3 * EpollPoller.EVENTS_PER_POLL;

    private final List<OwnedFd> open = new ArrayList<>();
    private final List<String> handled = new ArrayList<>();
    private EpollPoller poller;
    private long nowNs;

    @BeforeEach
    void crowd() throws IOException {
        poller = new EpollPoller(() -> nowNs);
        for (int i = 0; i < CROWD; i++) {
            alwaysReady("crowd " + i);
        }
    }

    @AfterEach
    void close() {
        poller.close();
        open.forEach(OwnedFd::close);
    }

    /** An event descriptor that nobody resets can be read for ever. */
    private EpollPoller.Registration alwaysReady(String name) {
        OwnedFd fd = new OwnedFd(Libc.eventfd(1, Libc.EFD_CLOEXEC));
        open.add(fd);
        return poller.register(fd.number(), Interest.READ, ready -> handled.add(name));
    }

    @Test
    void theFirstIsHandledBeforeACrowdThatIsReady() {
        alwaysReady("master").goFirst();
        poller.poll(0);
        assertEquals("master", handled.get(0));
        handled.clear();
        nowNs += EpollPoller.FIRST_PAUSE_NS;
        poller.poll(0);
        assertEquals("master", handled.get(0));
    }

    /** To look there after every few events would cost as much as an event. */
    @Test
    void theFirstThatWasHandledJustNowIsHandledInTurn() {
        alwaysReady("master").goFirst();
        poller.poll(0);
        nowNs += EpollPoller.FIRST_PAUSE_NS - 1;
        handled.clear();
        poller.poll(0);
        assertEquals(EpollPoller.EVENTS_PER_POLL, handled.size());
    }

    @Test
    void theFirstIsLeftAloneOnceItIsClosedOrWaitsForNothing() {
        EpollPoller.Registration first = alwaysReady("master");
        first.goFirst();
        first.interest(Interest.NONE);
        poller.poll(0);
        assertEquals(EpollPoller.EVENTS_PER_POLL, handled.size());
        first.interest(Interest.READ);
        first.close();
        poller.poll(0);
        assertTrue(!handled.contains("master"), handled::toString);
    }

    @Test
    void aCrowdIsHandledInTurn() {
        for (int i = 0; i < CROWD / EpollPoller.EVENTS_PER_POLL; i++) {
            poller.poll(0);
        }
        assertEquals(CROWD, Set.copyOf(handled).size());
    }
}
