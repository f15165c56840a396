package dev.pgproxy.common.files;

import java.io.IOException;

/** Other users could change what is at a path, or no regular file is there. The message names the path and the reason. */
public final class UnusablePathException extends IOException {

    private static final long serialVersionUID = 1L;

    public UnusablePathException(String message) {
        super(message);
    }
}
