package dev.pgproxy.taskworker.alert;

import dev.pgproxy.common.ipc.Alert;

/** One channel through which alerts are sent. */
interface AlertChannel {

    /** Bound on one attempt. */
    int TIMEOUT_MS = 10_000;

    /** The key that configures it. */
    String name();

    /**
     * Sends the alert; blocks until that is certain.
     *
     * @throws AlertException when it was not sent, or that is not certain
     */
    void send(Alert alert) throws AlertException, InterruptedException;

    /** The alert was not sent, or that is not certain. */
    final class AlertException extends Exception {
        private static final long serialVersionUID = 1L;

        AlertException(String message) {
            super(message);
        }
    }
}
