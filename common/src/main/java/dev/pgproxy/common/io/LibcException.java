package dev.pgproxy.common.io;

import java.io.IOException;

/** A failed libc call, with its purpose and the system's error message. */
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

    /** Nobody listens there, or there is no such socket. */
    boolean isNobodyThere() {
        return errno == Libc.ECONNREFUSED || errno == Libc.ENOENT;
    }

    /** No descriptor was available: this process's limit (EMFILE), the system's (ENFILE), or lack of memory. */
    public boolean isOutOfDescriptors() {
        return errno == Libc.EMFILE || errno == Libc.ENFILE || errno == Libc.ENOBUFS || errno == Libc.ENOMEM;
    }
}
