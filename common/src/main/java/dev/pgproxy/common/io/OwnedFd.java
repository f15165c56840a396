package dev.pgproxy.common.io;

import dev.pgproxy.common.loop.Descriptor;

/**
 * A file descriptor with one owner, which closes it. The holder of the {@code OwnedFd} owns the descriptor; {@link #transfer} moves it to a
 * new holder and leaves this one empty. Not thread-safe.
 */
public final class OwnedFd implements Descriptor {

    private static final int NONE = -1;

    private int fd;

    OwnedFd(int fd) {
        this.fd = fd;
    }

    /**
     * The number, for a call that borrows it.
     *
     * @throws IllegalStateException when the descriptor was closed or transferred
     */
    int number() {
        if (fd == NONE) {
            throw new IllegalStateException("the descriptor was closed or has another owner");
        }
        return fd;
    }

    /**
     * A second descriptor of the same connection, which the caller owns.
     *
     * @throws LibcException when no descriptor is left
     */
    public OwnedFd duplicate() throws LibcException {
        return duplicateOf(number());
    }

    /** As {@link #duplicate}, for a descriptor that is owned elsewhere. */
    static OwnedFd duplicateOf(int number) throws LibcException {
        int copy = Libc.fcntl(number, Libc.F_DUPFD_CLOEXEC, 0);
        if (copy < 0) {
            throw LibcException.last("could not duplicate a descriptor");
        }
        return new OwnedFd(copy);
    }

    /** Whether this still owns a descriptor. */
    public boolean isOpen() {
        return fd != NONE;
    }

    /** Moves the descriptor to the returned owner. */
    public OwnedFd transfer() {
        OwnedFd next = new OwnedFd(number());
        fd = NONE;
        return next;
    }

    /** Closes the descriptor if this still owns it. */
    @Override
    public void close() {
        if (fd != NONE) {
            int closing = fd;
            fd = NONE;
            // Linux frees the number even when close reports an error, so there is nothing to try again.
            Libc.close(closing);
        }
    }
}
