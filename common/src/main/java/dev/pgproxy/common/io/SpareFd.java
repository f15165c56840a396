package dev.pgproxy.common.io;

import org.jspecify.annotations.Nullable;

/**
 * A descriptor kept in reserve. When the process has none left, giving it up lets one more connection be accepted,
 * told why, and closed, instead of leaving it and every later client to wait without a word.
 */
public final class SpareFd implements AutoCloseable {

    private @Nullable OwnedFd fd;

    public SpareFd() {
        refill();
    }

    /**
     * Closes the reserve.
     *
     * @return whether there was one
     */
    public boolean giveUp() {
        if (fd == null) {
            return false;
        }
        fd.close();
        fd = null;
        return true;
    }

    /** Takes a descriptor into reserve again, if the system has one to give. */
    public void refill() {
        if (fd == null) {
            int opened = Libc.open("/dev/null", Libc.O_RDONLY | Libc.O_CLOEXEC);
            fd = opened < 0 ? null : new OwnedFd(opened);
        }
    }

    @Override
    public void close() {
        giveUp();
    }
}
