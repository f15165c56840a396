package dev.pgproxy.taskworker.promotion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Errand;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ErrandRunTest {

    private static final ProxyConfig.AdminLogin LOGIN = new ProxyConfig.AdminLogin("postgres", "", "postgres", "none");

    private static ProbeMessages.ErrandDone tell(int port, long deadlineNs) {
        return ErrandRun.answer(
                LOGIN,
                new ProbeMessages.RunErrand(
                        7,
                        new Endpoint.Tcp("127.0.0.1", port),
                        Errand.PROMOTE,
                        ProxyConfig.PromoteMethod.AUTO,
                        9999,
                        1_000,
                        deadlineNs));
    }

    /** By then the master has decided without it, and two primaries would be worse than none. */
    @Test
    void nobodyIsToldAfterTheMasterHasGivenUp() throws IOException {
        try (ServerSocket standby = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            ProbeMessages.ErrandDone answer = tell(standby.getLocalPort(), System.nanoTime() - 1);
            assertEquals(
                    ProbeMessages.ErrandDone.notDone(
                            7, "it was not told, because the master no longer waits for the answer"),
                    answer);
        }
    }

    @Test
    void whoCannotBeReachedIsSaidToBe() throws IOException {
        int nobodys;
        try (ServerSocket closed = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobodys = closed.getLocalPort();
        }
        ProbeMessages.ErrandDone answer = tell(nobodys, System.nanoTime() + TimeUnit.MINUTES.toNanos(1));
        assertFalse(answer.reached());
        assertEquals("it could not be asked: ", answer.problem().substring(0, 23));
    }
}
