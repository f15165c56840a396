package dev.pgproxy.taskworker.connection;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
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
import org.jspecify.annotations.Nullable;

/**
 * A connection to a Unix socket with what drivers use of {@link Socket}: the JDK has only channels for these, whose reads do not end by a
 * timeout. Writes end by it too. What can be tuned over TCP has no effect.
 */
@SuppressWarnings("UnsynchronizedOverridesSynchronized") // Closing must not wait for a read.
final class UnixSocket extends Socket {

    /** How long to wait for room in the server's queue of connections until the next try. */
    private static final long RETRY_MS = 10;

    /** What is copied at once between a driver's array and the memory that the system reads and fills. */
    private static final int MOST_BYTES = 8 * 1024;

    private final UnixDomainSocketAddress server;
    private final Selector selector;
    private volatile SocketChannel channel;
    private volatile int timeoutMs;

    /** @param path of the server's socket */
    UnixSocket(String path) throws IOException {
        super((SocketImpl) null); // No socket of TCP.
        server = UnixDomainSocketAddress.of(path);
        selector = Selector.open();
        channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    }

    @Override
    public SocketChannel getChannel() {
        return channel;
    }

    @Override
    public void connect(SocketAddress ignored) throws IOException {
        connect(ignored, 0);
    }

    /**
     * Connects to the path that it was made for.
     *
     * @param ignored a driver only knows hosts and ports
     * @param mostMs 0 for no bound
     */
    @Override
    public void connect(SocketAddress ignored, int mostMs) throws IOException {
        long startedNs = System.nanoTime();
        while (!isConnectedNow()) {
            if (mostMs > 0 && System.nanoTime() - startedNs >= TimeUnit.MILLISECONDS.toNanos(mostMs)) {
                throw new SocketTimeoutException(
                        "the queue of connections to " + server + " was full for " + mostMs + " ms");
            }
            selector.select(RETRY_MS);
            if (!selector.isOpen()) {
                throw new SocketException("the socket is closed");
            }
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
            if (String.valueOf(e.getMessage()).contains("temporarily unavailable")) {
                return false;
            }
            throw Files.notExists(server.getPath()) ? nobodyListens(e) : e;
        }
    }

    private ConnectException nobodyListens(IOException cause) {
        ConnectException refused = new ConnectException("no server listens at " + server);
        refused.initCause(cause);
        return refused;
    }

    private SelectionKey requireConnected() throws SocketException {
        SelectionKey key = channel.keyFor(selector);
        if (key == null) {
            throw new SocketException("the socket is not connected");
        }
        return key;
    }

    /** Waits for this kind of readiness, at most as long as the timeout. */
    private void await(int operation) throws IOException {
        try {
            requireConnected().interestOps(operation);
            int waitMs = timeoutMs;
            int ready = selector.select(waitMs);
            selector.selectedKeys().clear();
            if (ready == 0 && waitMs > 0 && !Thread.currentThread().isInterrupted()) {
                throw new SocketTimeoutException("nothing happened for " + waitMs + " ms");
            }
        } catch (ClosedSelectorException | CancelledKeyException e) {
            SocketException closed = new SocketException("the socket is closed");
            closed.initCause(e);
            throw closed;
        }
    }

    @Override
    public InputStream getInputStream() throws IOException {
        requireConnected();
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
    public OutputStream getOutputStream() throws IOException {
        requireConnected();
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
    public void setSoTimeout(int ms) {
        timeoutMs = ms;
    }

    @Override
    public int getSoTimeout() {
        return timeoutMs;
    }

    @Override
    public @Nullable SocketAddress getRemoteSocketAddress() {
        return isConnected() ? server : null;
    }

    @Override
    public boolean isConnected() {
        return channel.isConnected();
    }

    @Override
    public boolean isClosed() {
        return !selector.isOpen();
    }

    @Override
    public void close() throws IOException {
        channel.close();
        selector.close();
    }

    @Override
    public void setTcpNoDelay(boolean on) {}

    @Override
    public boolean getTcpNoDelay() {
        return true;
    }

    @Override
    public void setKeepAlive(boolean on) {}

    @Override
    public boolean getKeepAlive() {
        return false;
    }
}
