package dev.pgproxy.poolworker.relay;

import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.loop.Transport;
import java.nio.ByteBuffer;

/** A sink for bytes that have no receiver: answers to a client that left, messages that are only inspected. */
public final class DiscardingTransport implements Transport {

    @Override
    public int read(ByteBuffer into) {
        return 0;
    }

    @Override
    public int write(ByteBuffer from) {
        int bytes = from.remaining();
        from.position(from.limit());
        return bytes;
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
