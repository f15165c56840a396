package dev.pgproxy.testkit.simulation;

import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.ReadyHandler;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One descriptor of a connection's near end, inside a process under test. Calls whose names begin with "far" drive
 * the far end. Reads and writes are cut at random places, and only a few bytes fit into the connection.
 */
public final class SimulatedTransport implements ClientConnection {

    private final SimulatedSocket socket;
    private ReadyHandler handler = ready -> {};
    private int interest;
    private boolean touched;
    private boolean closed;
    private boolean passedOn;
    private @Nullable SimulatedProcess owner;

    SimulatedTransport(Random random) {
        this(new SimulatedSocket(random));
    }

    private SimulatedTransport(SimulatedSocket socket) {
        this.socket = socket;
        socket.opened();
    }

    /** A connection that is on its way to another process; the message that it travels with owns it. */
    public static final class Passed implements Descriptor {

        private final SimulatedTransport transport;
        private boolean taken;

        private Passed(SimulatedTransport transport) {
            this.transport = transport;
            transport.passedOn = true;
        }

        /** It has arrived: the process there owns it now. */
        public SimulatedTransport arrive() {
            if (taken) {
                throw new IllegalStateException("a descriptor was used twice");
            }
            taken = true;
            transport.passedOn = false;
            return transport;
        }

        @Override
        public void close() {
            if (!taken) {
                arrive().close();
            }
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        touch();
        return socket.read(into);
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        touch();
        return socket.write(from);
    }

    private void touch() {
        touched = true;
        checkOpen();
    }

    private void checkOpen() {
        if (closed || passedOn) {
            throw new IllegalStateException("used after it was closed, or given to somebody else");
        }
    }

    @Override
    public boolean hasInput(ByteBuffer scratch) {
        touch();
        return socket.hasInput();
    }

    @Override
    public Passed release() {
        checkOpen();
        handler = ready -> {};
        interest = Interest.NONE;
        return new Passed(this);
    }

    @Override
    public Passed duplicate() {
        checkOpen();
        return new Passed(new SimulatedTransport(socket));
    }

    @Override
    public void finishConnect() {
        touch();
    }

    @Override
    public void onReady(ReadyHandler newHandler) {
        handler = newHandler;
    }

    @Override
    public void interest(int newInterest) {
        checkOpen();
        interest = newInterest;
    }

    @Override
    public void shutdownOutput() {
        socket.finish();
    }

    @Override
    public void close() {
        if (closed || passedOn) {
            throw new IllegalStateException("closed twice: it had two owners");
        }
        closed = true;
        socket.closed();
    }

    int readyBits() {
        if (interest == Interest.NONE || closed || passedOn) {
            return 0;
        }
        int ready = socket.isBroken() ? Interest.HANGUP : 0;
        ready |= (interest & Interest.READ) != 0 && socket.isReadable() ? Interest.READ : 0;
        ready |= (interest & Interest.WRITE) != 0 && socket.isWritable() ? Interest.WRITE : 0;
        ready |= (interest & Interest.HANGUP) != 0 && socket.isFarFinished() ? Interest.HANGUP : 0;
        return ready;
    }

    void dispatch() {
        handler.ready(readyBits());
    }

    /** It is in this process now. */
    void owner(SimulatedProcess process) {
        owner = process;
    }

    /** Whether it is open in this process, and not on its way to another one. */
    boolean isIn(SimulatedProcess process) {
        return owner == process && !closed && !passedOn;
    }

    /** Whether its process has read from it or written to it. */
    public boolean isTouched() {
        return touched;
    }

    public boolean isClosed() {
        return closed;
    }

    /** Whether no descriptor of the connection is open any more. */
    public boolean isConnectionClosed() {
        return socket.isClosed();
    }

    /** The far end takes everything that has arrived there. */
    public byte[] farRead() {
        return socket.farRead();
    }

    /** Whether the far end has read everything and nothing more will come. */
    public boolean farSeesEnd() {
        return socket.farSeesEnd();
    }

    /** Whether some bytes would fit into the connection now. */
    public boolean farCanWrite() {
        return socket.farCanWrite();
    }

    /** The far end sends; to a closed connection this does nothing. */
    public void farWrite(byte[] bytes) {
        socket.farWrite(bytes);
    }

    /** Bytes from the far end that have not been read. */
    public int unreadBytes() {
        return socket.unreadBytes();
    }

    /** The far end sends nothing more, and may still read. */
    public void farClose() {
        socket.farClose();
    }

    /** The far end closes in both directions. */
    public void farLeave() {
        socket.farLeave();
    }

    /** The far end is gone with a reset. */
    public void farReset() {
        socket.farReset();
    }
}
