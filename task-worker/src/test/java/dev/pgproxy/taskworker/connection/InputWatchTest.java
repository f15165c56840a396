package dev.pgproxy.taskworker.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputWatchTest {

    private final InputWatch watch = new InputWatch();
    private ServerSocket listener;
    private Socket client;
    private Socket server;

    @BeforeEach
    void connect() throws IOException {
        listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Endpoint endpoint = new Endpoint.Tcp("127.0.0.1", listener.getLocalPort());
        client = new ChannelSocket(ServerSockets.unconnected(endpoint));
        ServerSockets.connect(client, endpoint, 0);
        server = listener.accept();
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        client.close();
        listener.close();
        watch.close();
    }

    @Test
    void inputEndsTheWaitAndIsStillThere() throws IOException {
        server.getOutputStream().write(7);
        assertTrue(watch.await(client.getChannel()));
        assertEquals(7, client.getInputStream().read());
    }

    @Test
    void theEndOfTheConnectionEndsTheWait() throws IOException {
        server.close();
        assertTrue(watch.await(client.getChannel()));
        assertEquals(-1, client.getInputStream().read());
    }

    @Test
    void anotherThreadEndsTheWait() throws Exception {
        CompletableFuture<Boolean> waited = CompletableFuture.supplyAsync(() -> {
            try {
                return watch.await(client.getChannel());
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        watch.wakeUp();
        assertFalse(waited.get(1, TimeUnit.MINUTES));
    }

    @Test
    void aWakeUpBeforeTheWaitCounts() throws IOException {
        watch.wakeUp();
        assertFalse(watch.await(client.getChannel()));
    }

    /** Its channel never blocks, unlike one of TCP. */
    @Test
    void aUnixSocketIsWatchedAndGoesOn(@TempDir Path directory) throws IOException {
        Endpoint.Unix endpoint = new Endpoint.Unix(directory.resolve("s").toString());
        try (ServerSocketChannel unix = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                Socket near = new ChannelSocket(ServerSockets.unconnected(endpoint))) {
            unix.bind(UnixDomainSocketAddress.of(endpoint.path()));
            ServerSockets.connect(near, endpoint, 0);
            try (SocketChannel far = unix.accept()) {
                watch.wakeUp();
                assertFalse(watch.await(near.getChannel()));
                far.write(ByteBuffer.wrap(new byte[] {7}));
                assertTrue(watch.await(near.getChannel()));
                assertEquals(7, near.getInputStream().read());
                near.setSoTimeout(1);
                assertThrows(
                        SocketTimeoutException.class,
                        () -> near.getInputStream().read());
            }
        }
    }

    /** A driver relies on its timeouts, before a wait and after it. */
    @Test
    void readsTimeOutAfterAWait() throws IOException {
        watch.wakeUp();
        assertFalse(watch.await(client.getChannel()));
        client.setSoTimeout(1);
        assertThrows(SocketTimeoutException.class, () -> client.getInputStream().read());
        client.getOutputStream().write(9);
        assertEquals(9, server.getInputStream().read());
    }

    @Test
    void aClosedConnectionIsNotWaitedFor() throws IOException {
        client.close();
        assertThrows(IOException.class, () -> watch.await(client.getChannel()));
    }
}
