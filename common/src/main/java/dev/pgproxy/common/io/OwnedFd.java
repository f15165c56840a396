package dev.pgproxy.common.io;

/**
 * A file descriptor with one owner, who closes it. Whoever holds the {@code OwnedFd} owns the descriptor;
 * {@link #transfer} moves it to a new holder and leaves this one empty. Not thread-safe.
 */
public final class OwnedFd implements AutoCloseable {

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
