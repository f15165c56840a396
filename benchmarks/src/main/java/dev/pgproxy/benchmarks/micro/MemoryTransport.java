package dev.pgproxy.benchmarks.micro;

import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.loop.Transport;
import java.nio.ByteBuffer;

/** A connection without a kernel: each read brings the same bytes, and what is written is gone. */
final class MemoryTransport implements Transport {

    private final byte[] brought;

    MemoryTransport(byte[] brought) {
        this.brought = brought;
    }

    @Override
    public int read(ByteBuffer into) {
        into.put(brought);
        return brought.length;
    }

    @Override
    public int write(ByteBuffer from) {
        int bytes = from.remaining();
        from.position(from.limit());
        return bytes;
    }

    @Override
    public void finishConnect() {
        // There is nothing to connect to.
    }

    @Override
    public void onReady(ReadyHandler handler) {
        // It is always ready, and nobody waits for it.
    }

    @Override
    public void interest(int interest) {
        // As above.
    }

    @Override
    public void shutdownOutput() {
        // Nobody reads it.
    }

    @Override
    public void close() {
        // It holds nothing.
    }
}
