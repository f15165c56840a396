package dev.pgproxy.taskworker.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {

    private static final int LONG_MS = 60_000;
    private static final int MANY = 50;

    @TempDir
    private Path directory = Path.of("");

    private Endpoint.Unix server;
    private ServerSocketChannel listener;

    @BeforeEach
    void listen() throws IOException {
        server = new Endpoint.Unix(directory.resolve("s").toString());
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(server.path()), 1);
    }

    @AfterEach
    void close() throws IOException {
        listener.close();
    }

    private Socket connect() throws IOException {
        Socket socket = ServerSockets.unconnected(server);
        ServerSockets.connect(socket, server, LONG_MS);
        return socket;
    }

    @Test
    void bytesGoBothWays() throws IOException {
        try (Socket client = connect();
                SocketChannel far = listener.accept()) {
            assertTrue(client.isConnected());
            client.getOutputStream().write(new byte[] {0, 1, 2, 3}, 1, 2);
            ByteBuffer heard = ByteBuffer.allocate(10);
            far.read(heard);
            assertEquals(ByteBuffer.wrap(new byte[] {1, 2}), heard.flip());
            far.write(ByteBuffer.wrap(new byte[] {(byte) 200}));
            assertEquals(200, client.getInputStream().read());
            far.shutdownOutput();
            assertEquals(-1, client.getInputStream().read());
        }
    }

    @Test
    void readsAndWritesEndByTheTimeout() throws IOException {
        try (Socket client = connect();
                SocketChannel far = listener.accept()) {
            assertTrue(far.isConnected());
            client.setSoTimeout(1);
            assertEquals(1, client.getSoTimeout());
            assertThrows(
                    SocketTimeoutException.class, () -> client.getInputStream().read());
            byte[] much = new byte[1024 * 1024];
            assertThrows(
                    SocketTimeoutException.class, () -> client.getOutputStream().write(much));
        }
    }

    @Test
    void closingEndsARead() throws Exception {
        Socket client = connect();
        try (SocketChannel far = listener.accept()) {
            assertTrue(far.isConnected());
            CompletableFuture<Integer> read = CompletableFuture.supplyAsync(() -> {
                try {
                    return client.getInputStream().read();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            client.close();
            assertTrue(client.isClosed());
            ExecutionException ended = assertThrows(ExecutionException.class, () -> read.get(1, TimeUnit.MINUTES));
            assertTrue(ended.toString().contains("IOException"), ended.toString());
        }
    }

    @Test
    void aFullQueueIsWaitedForUntilTheTimeLimit() throws Exception {
        List<Socket> waiting =
                new ArrayList<>(List.of(connect(), connect())); // The kernel takes one more than the backlog.
        try {
            Socket late = ServerSockets.unconnected(server);
            assertThrows(SocketTimeoutException.class, () -> ServerSockets.connect(late, server, 30));
            late.close();
            CompletableFuture<Socket> patient = CompletableFuture.supplyAsync(() -> {
                try {
                    return connect();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            listener.accept().close();
            waiting.add(patient.get(1, TimeUnit.MINUTES));
        } finally {
            for (Socket each : waiting) {
                each.close();
            }
        }
    }

    @Test
    void oneThatWasNeverConnectedIsClosedToo() throws IOException {
        int before = openFiles();
        for (int i = 0; i < MANY; i++) {
            ServerSockets.unconnected(server).close();
        }
        assertTrue(openFiles() < before + MANY / 2, "descriptors were left open");
    }

    /** A driver asks a socket for much that only TCP has, and the JDK would open a socket of TCP to answer. */
    @Test
    void whateverIsAskedNoDescriptorIsLeftOpen() throws IOException {
        int before = openFiles();
        for (int i = 0; i < MANY; i++) {
            try (Socket client = connect()) {
                client.setTcpNoDelay(true);
                client.setKeepAlive(true);
                client.setSoLinger(true, 1);
                client.setSendBufferSize(1);
                client.setReceiveBufferSize(1);
                assertTrue(client.getSendBufferSize() > 0 && client.getReceiveBufferSize() > 0);
                assertFalse(client.getKeepAlive() || client.getTcpNoDelay() || client.getReuseAddress());
                assertFalse(client.isInputShutdown() || client.isClosed());
                assertTrue(client.isBound() && client.isConnected());
                listener.accept().close();
            }
        }
        assertTrue(openFiles() < before + MANY / 2, "descriptors were left open");
    }

    private static int openFiles() {
        return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }

    /** A server that stops removes its socket, one that is killed leaves it. */
    @Test
    void nobodyThereIsARefusalEitherWay() throws IOException {
        listener.close();
        ConnectException refused = assertThrows(ConnectException.class, this::connect);
        assertTrue(String.valueOf(refused.getMessage()).contains(server.path()), refused.toString());
        Files.delete(Path.of(server.path()));
        ConnectException missing = assertThrows(ConnectException.class, this::connect);
        assertEquals(refused.getMessage(), missing.getMessage());
    }

    @Test
    void anUnconnectedSocketSaysSo() throws IOException {
        try (Socket socket = ServerSockets.unconnected(server)) {
            assertFalse(socket.isConnected());
            assertThrows(IOException.class, () -> socket.getInputStream().read());
        }
        Socket closed = ServerSockets.unconnected(server);
        closed.close();
        assertThrows(IOException.class, () -> ServerSockets.connect(closed, server, 1));
    }
}
