package dev.pgproxy.common.io;

import org.jspecify.annotations.Nullable;

/**
 * A descriptor kept in reserve. When the process has none left, giving it up lets one more connection be accepted, refused with a reason,
 * and closed, instead of leaving it and every later client to wait without an answer.
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

    /** Refills the reserve, if the system has a descriptor left. */
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
