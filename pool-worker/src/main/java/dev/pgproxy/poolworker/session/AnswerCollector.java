package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.protocol.MessageFramer;
import dev.pgproxy.poolworker.relay.MessageInspector;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Keeps what a client says while the proxy checks its login; nothing is forwarded. */
final class AnswerCollector implements MessageInspector {

    private final ArrayDeque<byte[]> messages = new ArrayDeque<>();
    private boolean tooLarge;

    @Override
    public boolean wantsWhole(byte type) {
        return true;
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        byte[] message = new byte[MessageFramer.HEADER_BYTES + bodyBytes];
        buffer.get(bodyStart - MessageFramer.HEADER_BYTES, message);
        messages.add(message);
        return Verdict.REPLACE;
    }

    @Override
    public void passedUnseen(byte type) {
        tooLarge = true;
    }

    /** The next message, header and all; null when none is whole. */
    byte @Nullable [] next() {
        return messages.poll();
    }

    /** Whether a message came that no login is made of, or one that nobody had asked for yet. */
    boolean isOutOfOrder() {
        return tooLarge || !messages.isEmpty();
    }
}
