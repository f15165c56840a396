package dev.pgproxy.taskworker.connection;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOptions;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.util.concurrent.TimeUnit;

/** What {@link UnixSocket} does, over a channel that never blocks and a selector that waits for it. This owns both. */
final class UnixSocketImpl extends SocketImpl {

    /** How long to wait for room in the server's queue of connections until the next try. */
    private static final long RETRY_MS = 10;

    /** What is read at once into the memory that the system fills. */
    private static final int MOST_BYTES = 8 * 1024;

    private final UnixDomainSocketAddress server;
    private final Selector selector;
    private volatile SocketChannel channel;
    private volatile int timeoutMs;

    UnixSocketImpl(String path) throws SocketException {
        server = UnixDomainSocketAddress.of(path);
        try {
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        } catch (IOException e) {
            throw asSocketException(e);
        }
        try {
            selector = Selector.open();
        } catch (IOException e) {
            close(channel);
            throw asSocketException(e);
        }
    }

    /** Whoever classifies failures expects of any socket that it says so in this way. */
    private static SocketException asSocketException(Exception cause) {
        SocketException exception = new SocketException(String.valueOf(cause.getMessage()));
        exception.initCause(cause);
        return exception;
    }

    private static void close(SocketChannel channel) throws SocketException {
        try {
            channel.close();
        } catch (IOException e) {
            throw asSocketException(e);
        }
    }

    SocketChannel channel() {
        return channel;
    }

    @Override
    protected void create(boolean isStream) {
        // Everything is open already.
    }

    @Override
    protected void connect(String host, int port) throws IOException {
        connect(0);
    }

    @Override
    protected void connect(InetAddress address, int port) throws IOException {
        connect(0);
    }

    @Override
    protected void connect(SocketAddress address, int mostMs) throws IOException {
        connect(mostMs);
    }

    /** @param mostMs 0 for no bound */
    private void connect(int mostMs) throws IOException {
        long startedNs = System.nanoTime();
        while (!isConnectedNow()) {
            if (mostMs > 0 && System.nanoTime() - startedNs >= TimeUnit.MILLISECONDS.toNanos(mostMs)) {
                throw new SocketTimeoutException(
                        "the queue of connections to " + server + " was full for " + mostMs + " ms");
            }
            select(RETRY_MS);
            channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        }
    }

    /** @return false while the server's queue is full; the channel is of no use then */
    private boolean isConnectedNow() throws IOException {
        try {
            channel.configureBlocking(false);
            channel.connect(server);
            channel.register(selector, 0);
            return true;
        } catch (ConnectException e) {
            throw nobodyListens(e);
        } catch (SocketException e) {
            String words = String.valueOf(e.getMessage());
            if (words.contains("temporarily unavailable")) {
                return false;
            }
            if (Files.notExists(server.getPath())) {
                throw nobodyListens(e); // It stopped in good order, and has removed its socket.
            }
            SocketException withPath = new SocketException("could not connect to " + server + ": " + words);
            withPath.initCause(e);
            throw withPath;
        }
    }

    private ConnectException nobodyListens(IOException cause) {
        ConnectException refused = new ConnectException("no server listens at " + server);
        refused.initCause(cause);
        return refused;
    }

    /** Waits for this kind of readiness, at most as long as the timeout. */
    private void await(int operation) throws IOException {
        SelectionKey key = channel.keyFor(selector);
        if (key == null) {
            throw new SocketException("the socket is not connected");
        }
        int waitMs = timeoutMs;
        try {
            key.interestOps(operation);
        } catch (CancelledKeyException e) {
            throw asSocketException(e);
        }
        if (select(waitMs) == 0 && waitMs > 0 && !Thread.currentThread().isInterrupted()) {
            throw new SocketTimeoutException("nothing happened for " + waitMs + " ms");
        }
    }

    private int select(long mostMs) throws IOException {
        try {
            int ready = selector.select(mostMs);
            selector.selectedKeys().clear();
            return ready;
        } catch (ClosedSelectorException e) {
            throw new SocketException("the socket is closed");
        }
    }

    @Override
    protected InputStream getInputStream() {
        return new InputStream() {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                ByteBuffer buffer = ByteBuffer.wrap(into, offset, Math.min(length, MOST_BYTES));
                while (true) {
                    int count = channel.read(buffer);
                    if (count != 0 || length == 0) {
                        return count;
                    }
                    await(SelectionKey.OP_READ);
                }
            }
        };
    }

    @Override
    protected OutputStream getOutputStream() {
        return new OutputStream() {
            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] from, int offset, int length) throws IOException {
                ByteBuffer buffer = ByteBuffer.wrap(from, offset, length);
                while (buffer.hasRemaining()) {
                    if (channel.write(buffer) == 0) {
                        await(SelectionKey.OP_WRITE);
                    }
                }
            }
        };
    }

    @Override
    public void setOption(int option, Object value) {
        if (option == SocketOptions.SO_TIMEOUT) {
            timeoutMs = (Integer) value;
        }
    }

    @Override
    public Object getOption(int option) {
        return switch (option) {
            case SocketOptions.SO_TIMEOUT -> timeoutMs;
            case SocketOptions.SO_SNDBUF, SocketOptions.SO_RCVBUF ->
                MOST_BYTES; // For drivers, which size buffers by it.
            case SocketOptions.IP_TOS -> 0;
            default -> false;
        };
    }

    @Override
    protected int available() {
        return 0; // Nothing can be promised without a read.
    }

    @Override
    protected void close() throws IOException {
        channel.close();
        selector.close();
    }

    @Override
    protected void bind(InetAddress host, int port) throws SocketException {
        throw onlyConnects();
    }

    @Override
    protected void listen(int backlog) throws SocketException {
        throw onlyConnects();
    }

    @Override
    protected void accept(SocketImpl socket) throws SocketException {
        throw onlyConnects();
    }

    @Override
    protected void sendUrgentData(int data) throws SocketException {
        throw onlyConnects();
    }

    private static SocketException onlyConnects() {
        return new SocketException("a Unix socket of this kind only connects, reads and writes");
    }
}
