package dev.pgproxy.poolworker.relay;

import dev.pgproxy.common.protocol.ProtocolViolation;
import java.nio.ByteBuffer;

/** Looks at the messages that pass through a {@link Pipe} and says what becomes of each. */
public interface MessageInspector {

    /** What a pipe does with a message. */
    enum Verdict {
        FORWARD,
        /** The message is left out and {@link #replacement()} sent in its place; only for messages that are wanted whole. */
        REPLACE,
        /** Neither this message nor anything after it is forwarded. */
        STOP
    }

    /**
     * Whether messages of this type are to be inspected only when their whole body is there. Those above
     * {@link RelayBuffers#MAX_INSPECTED_BYTES} are forwarded and reported to {@link #passedUnseen}.
     */
    boolean wantsWhole(byte type);

    /**
     * Called once per message.
     *
     * @param buffer to be read with absolute positions only
     * @param bodyStart where the body begins; all of it is there if it was wanted whole, else perhaps nothing
     * @throws ProtocolViolation when the message is malformed and its receiver must not get it
     */
    Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) throws ProtocolViolation;

    /** What is sent in place of the message that was just replaced, or ahead of the one that passed unseen; may be empty. */
    default byte[] replacement() {
        return new byte[0];
    }

    /** A message that was wanted whole was too large for it. */
    default void passedUnseen(byte type) {}
}
