package dev.pgproxy.fuzzing;

import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.loop.Transport;
import java.nio.ByteBuffer;

/** A peer that sends these bytes, in chunks whose size depends on the first byte, and accepts all that it is sent. */
public final class BytesTransport implements Transport {

    private static final int MAX_CHUNK = 64;

    private final byte[] bytes;
    private int at;

    public BytesTransport(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Whether all bytes were read. */
    public boolean isOver() {
        return at == bytes.length;
    }

    @Override
    public int read(ByteBuffer into) {
        if (isOver()) {
            return -1;
        }
        int chunk = 1 + Byte.toUnsignedInt(bytes[0]) % MAX_CHUNK;
        int count = Math.min(Math.min(chunk, into.remaining()), bytes.length - at);
        into.put(bytes, at, count);
        at += count;
        return count;
    }

    @Override
    public int write(ByteBuffer from) {
        int count = from.remaining();
        from.position(from.limit());
        return count;
    }

    @Override
    public void finishConnect() {}

    @Override
    public void onReady(ReadyHandler handler) {}

    @Override
    public void interest(int interest) {}

    @Override
    public void shutdownOutput() {}

    @Override
    public void close() {}
}
