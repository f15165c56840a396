package dev.pgproxy.benchmarks.growth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolVersion;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.testkit.process.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class IdleServerTest {

    private static final int PATIENCE_MS = Math.toIntExact(Await.PATIENCE.toMillis());

    private ServerSocket real;
    private IdleServerProcess idle;

    @BeforeEach
    void start() throws IOException {
        real = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        real.setSoTimeout(PATIENCE_MS);
        idle = new IdleServerProcess(real.getLocalPort());
    }

    @AfterEach
    void close() throws IOException {
        idle.close();
        real.close();
    }

    @Test
    void aCrowdGetsIn() throws IOException {
        try (Crowd crowd = new Crowd(idle.port())) {
            crowd.growTo(3);
            crowd.growTo(20);
            Storm storm = crowd.storm(30);
            assertEquals(30, storm.countIn());
            assertTrue(storm.waitsMs().least() > 0);
        }
    }

    @Test
    void othersReachTheRealServer() throws IOException {
        byte[] startup = FrontendMessage.startup(
                ProtocolVersion.PLAIN,
                List.of(
                        new StartupParameters.Parameter("database", "postgres"),
                        new StartupParameters.Parameter("user", "ann")));
        try (Socket client = new Socket(InetAddress.getLoopbackAddress(), idle.port())) {
            client.setSoTimeout(PATIENCE_MS);
            client.getOutputStream().write(startup);
            try (Socket server = real.accept()) {
                server.setSoTimeout(PATIENCE_MS);
                assertArrayEquals(startup, server.getInputStream().readNBytes(startup.length));
                server.getOutputStream().write('R');
                assertEquals('R', client.getInputStream().read());
                client.getOutputStream().write('X');
                assertEquals('X', server.getInputStream().read());
            }
            assertEquals(-1, client.getInputStream().read());
        }
    }

    @Test
    void aRefusalIsToldInItsOwnWords() throws Exception {
        try (ServerSocket proxy = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Thread refusing = new Thread(() -> {
                try (Socket client = proxy.accept()) {
                    client.getInputStream().readNBytes(1); // Otherwise it might be told nothing but that we are gone.
                    client.getInputStream().readNBytes(client.getInputStream().available());
                    client.getOutputStream().write(BackendMessage.fatal(SqlState.TOO_MANY_CONNECTIONS, "no room", ""));
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            refusing.setDaemon(true);
            refusing.start();
            try (Crowd crowd = new Crowd(proxy.getLocalPort())) {
                IOException refused = assertThrows(IOException.class, () -> crowd.growTo(1));
                assertTrue(String.valueOf(refused.getMessage()).contains("no room"), refused::toString);
            }
            refusing.join();
        }
    }
}
