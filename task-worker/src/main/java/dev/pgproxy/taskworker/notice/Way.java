package dev.pgproxy.taskworker.notice;

import dev.pgproxy.common.ipc.Notice;

/** One way to tell people. */
interface Way {

    /** Bound on one try. */
    int TIMEOUT_MS = 10_000;

    /** The key that configures it. */
    String name();

    /**
     * Tells; blocks until that is certain.
     *
     * @throws NoticeException when it was not done, or not certainly
     */
    void send(Notice notice) throws NoticeException, InterruptedException;

    /** Nobody was told. */
    final class NoticeException extends Exception {
        private static final long serialVersionUID = 1L;

        NoticeException(String message) {
            super(message);
        }
    }
}
