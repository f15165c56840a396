package dev.pgproxy.taskworker.connection;

import java.io.IOException;

/** What a driver is about to receive. */
public final class AnswerBoundsTarget {

    private AnswerBoundsTarget() {}

    public static void run(byte[] bytes) {
        AnswerBounds bounds = new AnswerBounds();
        try {
            for (int at = 0; at < bytes.length; at += 7) {
                bounds.received(bytes, at, Math.min(7, bytes.length - at), at);
                if (bytes[at] % 5 == 0) {
                    bounds.sent(bytes, at, Math.min(8, bytes.length - at));
                }
            }
        } catch (IOException e) {
            return; // Refused, as it should be.
        }
    }
}
