package dev.pgproxy.taskworker.alert;

import dev.pgproxy.common.ipc.Alert;

/** One channel to tell people. */
interface AlertChannel {

    /** Bound on one try. */
    int TIMEOUT_MS = 10_000;

    /** The key that configures it. */
    String name();

    /**
     * Tells; blocks until that is certain.
     *
     * @throws AlertException when it was not done, or not certainly
     */
    void send(Alert alert) throws AlertException, InterruptedException;

    /** Nobody was told. */
    final class AlertException extends Exception {
        private static final long serialVersionUID = 1L;

        AlertException(String message) {
            super(message);
        }
    }
}
