package dev.pgproxy.testkit.simulation;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/** What the kernel has of one connection: the bytes in transit, and how many descriptors of its near end exist. */
final class SimulatedSocket {

    private static final int CAPACITY_BYTES = 4096;

    private final Random random;
    private final ByteArrayOutputStream toFar = new ByteArrayOutputStream();
    private byte[] toNear = {};
    private int descriptors;
    private boolean nearFinished;
    private boolean farFinished;
    private boolean farGone;
    private boolean broken;

    SimulatedSocket(Random random) {
        this.random = random;
    }

    void opened() {
        descriptors++;
    }

    void closed() {
        descriptors--;
    }

    boolean isClosed() {
        return descriptors == 0;
    }

    int read(ByteBuffer into) throws IOException {
        if (broken && toNear.length == 0) {
            throw new IOException("connection reset (simulated)");
        }
        if (toNear.length == 0) {
            return farFinished ? -1 : 0;
        }
        int count = 1 + random.nextInt(Math.min(toNear.length, into.remaining()));
        if (random.nextInt(3) == 0) {
            count = Math.min(toNear.length, into.remaining());
        }
        into.put(toNear, 0, count);
        toNear = Arrays.copyOfRange(toNear, count, toNear.length);
        return count;
    }

    int write(ByteBuffer from) throws IOException {
        if (broken) {
            throw new IOException("connection reset (simulated)");
        }
        if (nearFinished) {
            throw new IllegalStateException("a write after the end of output");
        }
        int room = Math.min(CAPACITY_BYTES - toFar.size(), from.remaining());
        if (room <= 0) {
            return 0;
        }
        int count = random.nextInt(4) == 0 ? 1 + random.nextInt(room) : room;
        byte[] taken = new byte[count];
        from.get(taken);
        toFar.writeBytes(taken);
        broken |= farGone; // Bytes without a receiver are answered with a reset.
        return count;
    }

    void finish() {
        nearFinished = true;
    }

    boolean hasInput() {
        return toNear.length > 0;
    }

    boolean isReadable() {
        return toNear.length > 0 || farFinished || broken;
    }

    boolean isWritable() {
        return toFar.size() < CAPACITY_BYTES || broken;
    }

    boolean isFarFinished() {
        return farFinished;
    }

    boolean isBroken() {
        return broken;
    }

    byte[] farRead() {
        byte[] bytes = toFar.toByteArray();
        toFar.reset();
        return bytes;
    }

    boolean farSeesEnd() {
        return toFar.size() == 0 && (isClosed() || nearFinished);
    }

    boolean farCanWrite() {
        return toNear.length < CAPACITY_BYTES && !isClosed();
    }

    void farWrite(byte[] bytes) {
        if (!isClosed() && !broken) {
            int old = toNear.length;
            toNear = Arrays.copyOf(toNear, old + bytes.length);
            System.arraycopy(bytes, 0, toNear, old, bytes.length);
        }
    }

    int unreadBytes() {
        return toNear.length;
    }

    void farClose() {
        farFinished = true;
    }

    void farLeave() {
        farFinished = true;
        farGone = true;
        broken |= toFar.size() > 0; // As a kernel does on a close with unread data.
    }

    void farReset() {
        broken = true;
        farFinished = true;
        toNear = new byte[0];
    }
}
