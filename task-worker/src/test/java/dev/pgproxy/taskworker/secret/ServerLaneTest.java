package dev.pgproxy.taskworker.secret;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The queries to a server that accepts connections and closes each at once. */
class ServerLaneTest {

    private static final long TIMEOUT_MS = 60_000;
    private static final int QUESTIONS = 200;
    private static final ProxyConfig.AdminLogin LOGIN =
            new ProxyConfig.AdminLogin("postgres", "", "postgres", "!password");

    private final AtomicInteger met = new AtomicInteger();
    private final BlockingQueue<Object> answers = new LinkedBlockingQueue<>();
    private final ServerSocket listener = listen();
    private final Thread server = new Thread(this::closeAll, "closes-all");
    private final ServerLane lane = new ServerLane(new Endpoint.Tcp("127.0.0.1", listener.getLocalPort()), LOGIN);

    ServerLaneTest() {
        server.start();
    }

    private static ServerSocket listen() {
        try {
            return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void closeAll() {
        try {
            while (true) {
                Socket client = listener.accept();
                met.incrementAndGet(); // Before the close, which the lane may act on at once.
                client.close();
            }
        } catch (IOException e) {
            // The test is over.
            return;
        }
    }

    @AfterEach
    void stop() throws Exception {
        lane.end();
        listener.close();
        server.join();
    }

    private Object answer() throws InterruptedException {
        Object answer = answers.poll(TIMEOUT_MS, TimeUnit.MILLISECONDS);
        if (answer == null) {
            throw new AssertionError("no answer");
        }
        return answer;
    }

    /** A server that cannot be asked is left alone for a moment, as it may count failures; the logins that wait get their answer. */
    @Test
    void aServerThatFailsIsAskedOnceForAllWhoWait() throws InterruptedException {
        for (int i = 0; i < QUESTIONS; i++) {
            assertTrue(lane.askForRole("ann", "shop", TIMEOUT_MS, answers::add));
        }
        for (int i = 0; i < QUESTIONS; i++) {
            assertEquals(RoleFacts.UNAVAILABLE, answer());
        }
        assertTrue(met.get() >= 1);
        assertTrue(met.get() < QUESTIONS, () -> met + " connections for " + QUESTIONS + " questions");
    }

    @Test
    void aQuestionWhoseTimeIsOverOpensNothing() throws InterruptedException {
        assertTrue(lane.ask(open -> "asked", "too late", 0, answers::add));
        assertEquals("too late", answer());
        assertEquals(0, met.get());
    }

    @Test
    void afterItsEndItTakesNoQuestion() {
        lane.end();
        assertFalse(lane.ask(open -> "asked", "otherwise", TIMEOUT_MS, answers::add));
    }
}
