package dev.pgproxy.taskworker.connection;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/** Creates sockets that enforce {@link AnswerBounds}. pgjdbc instantiates it by name, with the number of an attempt to connect. */
public final class BoundedSocketFactory extends SocketFactory {

    private static final int SKIPPED_AT_ONCE_BYTES = 8 * 1024;

    private final String attempt;

    /** @param attempt the number of an attempt, see {@link ConnectAttempts} */
    public BoundedSocketFactory(String attempt) {
        this.attempt = attempt;
    }

    private static final class BoundedSocket extends ChannelSocket {

        private final AnswerBounds bounds = new AnswerBounds();

        private BoundedSocket(Socket socket) throws IOException {
            super(socket);
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new FilterInputStream(super.getInputStream()) {
                @Override
                public int read() throws IOException {
                    byte[] one = new byte[1];
                    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
                }

                @Override
                public long skip(long count) throws IOException {
                    byte[] skipped = new byte[(int) Math.min(count, SKIPPED_AT_ONCE_BYTES)];
                    return Math.max(0, read(skipped, 0, skipped.length));
                }

                @Override
                public int read(byte[] into, int offset, int length) throws IOException {
                    int count = in.read(into, offset, length);
                    bounds.received(into, offset, Math.max(0, count), System.nanoTime());
                    return count;
                }
            };
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
            return new FilterOutputStream(super.getOutputStream()) {
                @Override
                public void write(int value) throws IOException {
                    write(new byte[] {(byte) value}, 0, 1);
                }

                @Override
                public void write(byte[] from, int offset, int length) throws IOException {
                    bounds.sent(from, offset, length);
                    out.write(from, offset, length);
                }
            };
        }
    }

    @Override
    public Socket createSocket() throws IOException {
        return new BoundedSocket(ConnectAttempts.PROCESS.socket(attempt));
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port));
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port));
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return createSocket(host, port); // The proxy chooses no local address.
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) throws IOException {
        return createSocket(host, port);
    }

    private Socket connected(InetSocketAddress address) throws IOException {
        Socket socket = createSocket();
        socket.connect(address);
        return socket;
    }
}
