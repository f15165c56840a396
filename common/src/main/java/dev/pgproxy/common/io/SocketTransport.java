package dev.pgproxy.common.io;

import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.loop.Transport;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A {@link Transport} over a stream socket, which it owns. Buffers passed to it must be direct. */
public final class SocketTransport implements ClientConnection {

    private final OwnedFd fd;
    private final EpollPoller.Registration registration;

    /** Takes over the descriptor, which must be non-blocking; waits for nothing until {@link #interest} is called. */
    public SocketTransport(OwnedFd fd, EpollPoller poller) {
        this.fd = fd.transfer();
        this.registration = poller.register(this.fd.number(), Interest.NONE, ready -> {});
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        int position = into.position();
        return receive(into, position, into.remaining(), 0);
    }

    /**
     * A transport for a connection that another process has sent.
     *
     * @param descriptor of the connection, non-blocking
     */
    public static SocketTransport of(Descriptor descriptor, EpollPoller poller) {
        return new SocketTransport((OwnedFd) descriptor, poller);
    }

    @Override
    public OwnedFd duplicate() throws LibcException {
        return fd.duplicate();
    }

    @Override
    public boolean hasInput(ByteBuffer scratch) throws IOException {
        int position = scratch.position();
        int peeked = receive(scratch, position, 1, Libc.MSG_PEEK);
        scratch.position(position);
        return peeked > 0;
    }

    private int receive(ByteBuffer into, int position, int length, int flags) throws LibcException {
        while (true) {
            long count =
                    Libc.recv(fd.number(), registration.addressOf(into) + position, length, flags | Libc.MSG_DONTWAIT);
            if (count > 0) {
                into.position(position + (int) count);
                return (int) count;
            }
            if (count == 0) {
                return -1;
            }
            int errno = Libc.errno();
            if (errno == Libc.EAGAIN) {
                return 0;
            }
            if (errno != Libc.EINTR) {
                throw new LibcException("could not read", errno);
            }
        }
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        int position = from.position();
        while (true) {
            long count = Libc.send(
                    fd.number(),
                    registration.addressOf(from) + position,
                    from.remaining(),
                    Libc.MSG_NOSIGNAL | Libc.MSG_DONTWAIT);
            if (count >= 0) {
                from.position(position + (int) count);
                return (int) count;
            }
            int errno = Libc.errno();
            if (errno == Libc.EAGAIN || errno == Libc.ENOBUFS) {
                return 0;
            }
            if (errno != Libc.EINTR) {
                throw new LibcException("could not write", errno);
            }
        }
    }

    @Override
    public void finishConnect() throws IOException {
        int error = TcpSockets.pendingError(fd);
        if (error != 0) {
            throw new LibcException("could not connect", error);
        }
    }

    @Override
    public void onReady(ReadyHandler handler) {
        registration.handler(handler);
    }

    @Override
    public void interest(int interest) {
        registration.interest(interest);
    }

    @Override
    public void shutdownOutput() {
        if (fd.isOpen()) {
            Libc.shutdown(fd.number(), Libc.SHUT_WR);
        }
    }

    @Override
    public OwnedFd release() {
        registration.close();
        return fd.transfer();
    }

    @Override
    public void close() {
        registration.close();
        fd.close();
    }
}
