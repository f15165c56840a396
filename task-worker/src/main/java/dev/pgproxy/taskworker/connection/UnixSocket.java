package dev.pgproxy.taskworker.connection;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.SocketChannel;

/**
 * A connection to a Unix socket for drivers, which know only hosts and ports: the JDK has nothing but channels for these. Its reads and
 * writes end by the timeout of the socket, and what is tuned over TCP has no effect.
 */
final class UnixSocket extends Socket {

    private final UnixSocketImpl impl;

    /**
     * Makes one that is not connected yet.
     *
     * @param path of the server's socket
     * @throws SocketException when this process has no descriptor left
     */
    UnixSocket(String path) throws SocketException {
        this(new UnixSocketImpl(path));
    }

    private UnixSocket(UnixSocketImpl impl) throws SocketException {
        super(impl);
        this.impl = impl;
    }

    @Override
    public SocketChannel getChannel() {
        return impl.channel();
    }

    /** Connects to the path that it was made for, whatever the address is. */
    @Override
    public void connect(SocketAddress ignored) throws IOException {
        connect(ignored, 0);
    }

    /** As {@link #connect(SocketAddress)}. */
    @Override
    public void connect(SocketAddress ignored, int mostMs) throws IOException {
        super.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), mostMs);
    }

    /** Also closes one that was never connected, which the JDK takes for one without a descriptor. */
    @Override
    @SuppressWarnings("UnsynchronizedOverridesSynchronized") // The other methods lock what they need.
    public void close() throws IOException {
        try {
            super.close();
        } finally {
            impl.close();
        }
    }
}
