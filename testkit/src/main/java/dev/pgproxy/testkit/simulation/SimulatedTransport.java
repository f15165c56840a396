package dev.pgproxy.testkit.simulation;

import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.ReadyHandler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/**
 * One end of a connection, inside the process under test; the far end is moved by calls whose names begin with "far".
 * Reads and writes are cut at random places, and only so many bytes fit into the connection.
 */
public final class SimulatedTransport implements ClientConnection {

    private static final int CAPACITY_BYTES = 4096;

    private final Random random;
    private final ByteArrayOutputStream toFar = new ByteArrayOutputStream();
    private byte[] toNear = {};
    private ReadyHandler handler = ready -> {};
    private int interest;
    private boolean touched;
    private boolean closed;
    private boolean nearFinished;
    private boolean farFinished;
    private boolean farGone;
    private boolean broken;

    SimulatedTransport(Random random) {
        this.random = random;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        check();
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

    @Override
    public int write(ByteBuffer from) throws IOException {
        check();
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
        broken |= farGone; // What is nobody's is answered with a reset.
        return count;
    }

    private void check() {
        touched = true;
        if (closed) {
            throw new IllegalStateException("used after it was closed");
        }
    }

    @Override
    public void finishConnect() {
        check();
    }

    @Override
    public void onReady(ReadyHandler newHandler) {
        handler = newHandler;
    }

    @Override
    public void interest(int newInterest) {
        if (closed) {
            throw new IllegalStateException("used after it was closed");
        }
        interest = newInterest;
    }

    @Override
    public void shutdownOutput() {
        nearFinished = true;
    }

    @Override
    public boolean hasInput(ByteBuffer scratch) throws IOException {
        check();
        return toNear.length > 0;
    }

    /** A connection that is on its way to another process. */
    public final class Passed implements Descriptor {

        private boolean taken;

        /** It has arrived: the process there owns it from now on. */
        public SimulatedTransport arrive() {
            if (taken) {
                throw new IllegalStateException("a descriptor was used twice");
            }
            taken = true;
            interest = Interest.NONE;
            return SimulatedTransport.this;
        }

        @Override
        public void close() {
            if (!taken) {
                taken = true;
                SimulatedTransport.this.close();
            }
        }
    }

    @Override
    public Passed release() {
        if (closed) {
            throw new IllegalStateException("used after it was closed");
        }
        handler = ready -> {};
        interest = Interest.NONE;
        return new Passed();
    }

    @Override
    public Passed duplicate() {
        throw new UnsupportedOperationException("a process that keeps its own copy is not simulated yet");
    }

    @Override
    public void close() {
        if (closed) {
            throw new IllegalStateException("closed twice: it had two owners");
        }
        closed = true;
    }

    int readyBits() {
        if (interest == Interest.NONE || closed) {
            return 0;
        }
        int ready = broken ? Interest.HANGUP : 0;
        ready |= (interest & Interest.READ) != 0 && (toNear.length > 0 || farFinished || broken) ? Interest.READ : 0;
        ready |= (interest & Interest.WRITE) != 0 && (toFar.size() < CAPACITY_BYTES || broken) ? Interest.WRITE : 0;
        ready |= (interest & Interest.HANGUP) != 0 && farFinished ? Interest.HANGUP : 0;
        return ready;
    }

    void dispatch() {
        handler.ready(readyBits());
    }

    /** Whether the process under test has read from it or written to it. */
    public boolean isTouched() {
        return touched;
    }

    public boolean isClosed() {
        return closed;
    }

    /** The far end takes everything that has arrived there. */
    public byte[] farRead() {
        byte[] bytes = toFar.toByteArray();
        toFar.reset();
        return bytes;
    }

    /** Whether the far end has read everything and nothing more will come. */
    public boolean farSeesEnd() {
        return toFar.size() == 0 && (closed || nearFinished);
    }

    /** Whether these bytes would fit into the connection now. */
    public boolean farCanWrite() {
        return toNear.length < CAPACITY_BYTES && !closed;
    }

    /** The far end sends; to a closed connection this does nothing. */
    public void farWrite(byte[] bytes) {
        if (!closed && !broken) {
            int old = toNear.length;
            toNear = Arrays.copyOf(toNear, old + bytes.length);
            System.arraycopy(bytes, 0, toNear, old, bytes.length);
        }
    }

    /** Bytes from the far end that the process has not read. */
    public int unreadBytes() {
        return toNear.length;
    }

    /** The far end sends nothing more, and may still read. */
    public void farClose() {
        farFinished = true;
    }

    /** The far end closes in both directions. */
    public void farLeave() {
        farFinished = true;
        farGone = true;
        broken |= toFar.size() > 0; // As a kernel does for who closes without having read everything.
    }

    /** The far end is gone with a reset. */
    public void farReset() {
        broken = true;
        farFinished = true;
        toNear = new byte[0];
    }
}
