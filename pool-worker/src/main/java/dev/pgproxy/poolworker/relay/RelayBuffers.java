package dev.pgproxy.poolworker.relay;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * The memory of all relays of a worker: one buffer that every read goes through, and buffers for bytes that a slow
 * receiver has not taken. A session holds one of the latter only while bytes wait, at most one for each direction.
 */
public final class RelayBuffers {

    /** The largest message that is inspected whole (a ParameterStatus, a message of a login); larger ones pass unseen. */
    public static final int MAX_INSPECTED_BYTES = 16 * 1024;

    /** Room after a full read for messages that the proxy adds in the same turn. */
    private static final int ADDED_BYTES = 2 * MAX_INSPECTED_BYTES;

    /** Unused leftover buffers kept for the next slow receiver; the rest is left to the garbage collector. */
    private static final int SPARE_BUFFERS = 64;

    private final int receiveBytes;
    private final ByteBuffer shared;
    private final ByteBuffer zeros = ByteBuffer.allocateDirect(MAX_INSPECTED_BYTES);
    private final ArrayDeque<ByteBuffer> spare = new ArrayDeque<>();

    /** @param receiveBytes most bytes read from one connection per wake-up */
    public RelayBuffers(int receiveBytes) {
        this.receiveBytes = receiveBytes;
        this.shared = ByteBuffer.allocateDirect(receiveBytes + MAX_INSPECTED_BYTES);
    }

    int receiveBytes() {
        return receiveBytes;
    }

    /** The buffer for the read of this turn; what is in it does not outlive the turn. */
    public ByteBuffer shared() {
        return shared;
    }

    ByteBuffer takeLeftover() {
        ByteBuffer buffer = spare.poll();
        return buffer == null ? ByteBuffer.allocateDirect(receiveBytes + ADDED_BYTES) : buffer.clear();
    }

    /** Takes a buffer back and overwrites it: it may have held a password. */
    void giveBack(ByteBuffer leftover) {
        wipe(leftover);
        if (spare.size() < SPARE_BUFFERS && leftover.capacity() == receiveBytes + ADDED_BYTES) {
            spare.push(leftover);
        }
    }

    /** Overwrites what the last read brought, so that a password does not outlive its login. */
    public void wipe() {
        wipe(shared);
    }

    private void wipe(ByteBuffer used) {
        used.clear();
        while (used.hasRemaining()) {
            zeros.clear().limit(Math.min(zeros.capacity(), used.remaining()));
            used.put(zeros);
        }
    }
}
