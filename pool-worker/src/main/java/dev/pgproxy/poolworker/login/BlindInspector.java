package dev.pgproxy.poolworker.login;

import dev.pgproxy.poolworker.relay.MessageInspector;
import java.nio.ByteBuffer;

/** For a pipe that carries only the proxy's own messages. */
public final class BlindInspector implements MessageInspector {

    @Override
    public boolean wantsWhole(byte type) {
        return false;
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        return Verdict.FORWARD;
    }
}
