package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.poolworker.relay.MessageInspector;
import java.nio.ByteBuffer;

/** For the messages of a server whose session has no lease: to read one would lose what it means. */
final class UnleasedInspector implements MessageInspector {

    @Override
    public boolean wantsWhole(byte type) {
        return false;
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        throw new IllegalStateException("a server was read from without a lease");
    }
}
