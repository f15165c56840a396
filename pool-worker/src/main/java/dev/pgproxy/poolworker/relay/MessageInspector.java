package dev.pgproxy.poolworker.relay;

import dev.pgproxy.common.protocol.ProtocolViolation;
import java.nio.ByteBuffer;

/** Inspects the messages that pass through a {@link Pipe} and decides what becomes of each. */
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
     * Whether messages of this type are inspected only once their whole body has arrived. Messages above
     * {@link RelayBuffers#MAX_INSPECTED_BYTES} are forwarded and reported to {@link #passedUnseen}.
     */
    boolean wantsWhole(byte type);

    /**
     * Called once per message.
     *
     * @param buffer to be read with absolute positions only
     * @param bodyStart where the body begins; the body is complete if it was wanted whole, else it may be missing
     * @throws ProtocolViolation when the message is malformed and its receiver must not get it
     */
    Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) throws ProtocolViolation;

    /** What is sent in place of the message that was just replaced, or ahead of the one that passed unseen; may be empty. */
    default byte[] replacement() {
        return new byte[0];
    }

    /** A message that was wanted whole was too large to inspect. */
    default void passedUnseen(byte type) {}
}
