package dev.pgproxy.common.files;

import java.io.IOException;

/** Other users could change what is at a path, or no regular file is there. The message names the path and the reason. */
public final class UnusablePathException extends IOException {

    private static final long serialVersionUID = 1L;

    private final String remedy;

    /** @param remedy what an operator can do about it, as a sentence */
    public UnusablePathException(String message, String remedy) {
        super(message);
        this.remedy = remedy;
    }

    /** What an operator can do about it, as a sentence. */
    public String remedy() {
        return remedy;
    }
}
