package dev.pgproxy.poolworker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Until the master knows that a client is at this worker, it would route the client again: the worker must not have sent it a byte. */
class AcceptanceTest {

    private final LoneWorker lone = new LoneWorker();
    private final LoneWorker.Frontend client = new LoneWorker.Frontend();

    @BeforeEach
    void aClientComesWhileTheLinkIsFull() {
        lone.master.linkIsFull = true;
        lone.assign(1, client);
        lone.loop.tick();
    }

    private String heard() {
        return client.written.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aClientHearsOfTheShutdownOnceTheMasterKnowsOfIt() {
        lone.worker.shutDown(1_000);
        lone.loop.tick();
        assertEquals("", heard());
        assertTrue(client.open);
        assertFalse(lone.loop.isStopped());

        lone.master.linkTakesAll();
        lone.loop.tick();
        assertTrue(heard().contains("57P01"), heard());
    }

    @Test
    void aMasterThatIsGoneRoutesNobodyAgain() {
        lone.worker.shutDown(1_000);
        lone.worker.masterLost("test");
        lone.loop.tick();
        assertTrue(heard().contains("57P01"), heard());
    }
}
