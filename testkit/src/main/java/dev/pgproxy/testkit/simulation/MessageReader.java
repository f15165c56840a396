package dev.pgproxy.testkit.simulation;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Cuts a stream into messages, for the simulated ends. */
final class MessageReader {

    private byte[] buffered = {};

    void add(byte[] bytes) {
        int old = buffered.length;
        buffered = Arrays.copyOf(buffered, old + bytes.length);
        System.arraycopy(bytes, 0, buffered, old, bytes.length);
    }

    /** A message with its type byte; null when none is whole. */
    byte @Nullable [] next() {
        return take(buffered.length < 5 ? -1 : 1 + ByteBuffer.wrap(buffered).getInt(1));
    }

    /** A StartupMessage, which has no type byte; null when it is not whole. */
    byte @Nullable [] nextStartup() {
        return take(buffered.length < 4 ? -1 : ByteBuffer.wrap(buffered).getInt());
    }

    private byte @Nullable [] take(int length) {
        if (length < 0 || buffered.length < length) {
            return null;
        }
        byte[] message = Arrays.copyOf(buffered, length);
        buffered = Arrays.copyOfRange(buffered, length, buffered.length);
        return message;
    }

    boolean isEmpty() {
        return buffered.length == 0;
    }
}
