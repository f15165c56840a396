package dev.pgproxy.common.io;

import java.io.IOException;

/** A libc call that failed, with what it was about and the system's words for why. */
public final class LibcException extends IOException {

    private final int errno;

    LibcException(String what, int errno) {
        super(what + ": " + Libc.strerror(errno));
        this.errno = errno;
    }

    /** The calling thread's last error. */
    static LibcException last(String what) {
        return new LibcException(what, Libc.errno());
    }

    /** The user may not do this, such as listen on a port below 1024. */
    public boolean isForbidden() {
        return errno == Libc.EACCES;
    }

    /** No descriptor could be had: this process's limit (EMFILE), the system's (ENFILE), or memory for one. */
    public boolean isOutOfDescriptors() {
        return errno == Libc.EMFILE || errno == Libc.ENFILE || errno == Libc.ENOBUFS || errno == Libc.ENOMEM;
    }
}
