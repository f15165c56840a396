package dev.pgproxy.common.io;

import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.ReadyHandler;
import java.io.FileDescriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Queue;
import org.newsclub.net.unix.AFUNIXSocketChannel;
import org.newsclub.net.unix.AFUNIXSocketCredentials;
import org.newsclub.net.unix.FileDescriptorCast;

/** A connected, non-blocking AF_UNIX stream socket that passes descriptors by SCM_RIGHTS. Buffers passed to it must be direct. */
public final class DescriptorSocket {

    private static final int ANCILLARY_BYTES = 256;

    /**
     * The process and the user at the other end, as the kernel reports them.
     *
     * @param pid process id at the time of the connect
     */
    public record Peer(long pid, long userId) {}

    private final AFUNIXSocketChannel socket;

    /** A duplicate: junixsocket closes its own descriptor when the connection is reset, and another one may then have its number. */
    private final OwnedFd watchedFd;

    private final EpollPoller.Registration registration;

    /**
     * Takes over a connected socket, and waits for nothing until {@link #interest} is called. On failure the socket is closed.
     *
     * @throws IOException when the socket cannot be made non-blocking, or no descriptor is left
     */
    DescriptorSocket(AFUNIXSocketChannel socket, EpollPoller poller) throws IOException {
        this.socket = socket;
        try {
            socket.configureBlocking(false);
            socket.setAncillaryReceiveBufferSize(ANCILLARY_BYTES);
            this.watchedFd = OwnedFd.duplicateOf(number(socket.getFileDescriptor()));
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
        this.registration = poller.register(watchedFd.number(), Interest.NONE, ready -> {});
    }

    static int number(FileDescriptor fd) throws IOException {
        return FileDescriptorCast.using(fd).as(Integer.class);
    }

    /** The process at the other end. */
    public Peer peer() throws IOException {
        AFUNIXSocketCredentials credentials = socket.getPeerCredentials();
        return new Peer(credentials.getPid(), credentials.getUid());
    }

    /** Sets the handler that is called when the socket is ready. */
    public void onReady(ReadyHandler handler) {
        registration.handler(handler);
    }

    /** Has this socket read before all others of its process, whenever more may be ready than one poll handles. */
    void goFirst() {
        registration.goFirst();
    }

    /** Sets what to wait for, as bits of {@link Interest}. */
    public void interest(int interest) {
        registration.interest(interest);
    }

    /**
     * Reads once. The kernel ends a read after bytes that carry descriptors.
     *
     * @param received gets the descriptors that came along; they are owned before any byte is parsed
     * @return bytes read, 0 when there is nothing now, -1 at end of stream
     * @throws LibcException when no descriptor is left for one that was received
     * @throws IOException when the connection is broken
     */
    public int read(ByteBuffer into, Queue<OwnedFd> received) throws IOException {
        int count = socket.read(into);
        LibcException failure = null;
        for (FileDescriptor each : socket.getReceivedFileDescriptors()) {
            try {
                received.add(OwnedFd.duplicateOf(number(each))); // junixsocket closes its own when it is collected.
            } catch (LibcException e) {
                failure = e;
            } finally {
                FileDescriptorBox.close(each);
            }
        }
        if (failure != null) {
            throw failure;
        }
        return count;
    }

    /**
     * Reads once, without descriptors, what is left in a socket whose writes fail. junixsocket may have closed its own descriptor by then.
     *
     * @return bytes read, not positive when there are none
     */
    public int readLeftovers(ByteBuffer into) {
        int position = into.position();
        long count = Libc.recv(watchedFd.number(), Libc.address(into) + position, into.remaining(), Libc.MSG_DONTWAIT);
        if (count > 0) {
            into.position(position + (int) count);
        }
        return (int) count;
    }

    /**
     * Writes once.
     *
     * @param with descriptors that travel with the first byte; the caller keeps them
     * @return bytes that were taken, 0 when none can be taken now
     * @throws IOException when the connection is broken
     */
    public int write(ByteBuffer from, List<OwnedFd> with) throws IOException {
        if (!with.isEmpty()) {
            FileDescriptorBox.attach(socket, with);
        }
        return Math.max(0, socket.write(from));
    }

    /** Closes the socket. Nothing is called back afterwards. */
    public void close() {
        registration.close();
        watchedFd.close();
        try {
            socket.close();
        } catch (IOException e) {
            // The descriptor is gone either way, and nothing waits for this socket any more.
            return;
        }
    }
}
