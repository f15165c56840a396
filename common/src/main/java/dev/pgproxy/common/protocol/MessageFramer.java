package dev.pgproxy.common.protocol;

import java.nio.ByteBuffer;

/**
 * Finds message boundaries in one direction of a connection, in place and without allocation. A message may be larger than any buffer: its
 * body is then skipped chunk by chunk.
 *
 * <pre>
 *   while (framer.next(buffer)) {   // position: after the header
 *       look(framer.type(), framer.bodyBytes());
 *       framer.skipBody(buffer);
 *   }
 *   // what remains in the buffer is less than a header
 * </pre>
 */
public final class MessageFramer {

    /** Type byte and Int32 length. */
    public static final int HEADER_BYTES = 5;

    private byte type;
    private int bodyBytes;
    private int bodyLeft;

    /**
     * Skips the rest of a body that an earlier chunk began, and reads the next header.
     *
     * @return false when the buffer ends before a whole header does; less than a header is left in it then
     * @throws ProtocolViolation for a length of less than its own four bytes
     */
    public boolean next(ByteBuffer buffer) throws ProtocolViolation {
        skipBody(buffer);
        if (bodyLeft > 0 || buffer.remaining() < HEADER_BYTES) {
            return false;
        }
        int start = buffer.position();
        type = buffer.get(start);
        int length = buffer.getInt(start + 1);
        if (length < Integer.BYTES) {
            throw new ProtocolViolation("invalid message length " + length);
        }
        bodyBytes = length - Integer.BYTES;
        bodyLeft = bodyBytes;
        buffer.position(start + HEADER_BYTES);
        return true;
    }

    /** Skips as much of the current body as the buffer holds. */
    public void skipBody(ByteBuffer buffer) {
        int here = Math.min(bodyLeft, buffer.remaining());
        bodyLeft -= here;
        buffer.position(buffer.position() + here);
    }

    /** Goes back before the header that {@link #next} just read, for a message that will be inspected as a whole later. */
    public void unread(ByteBuffer buffer) {
        buffer.position(buffer.position() - HEADER_BYTES);
        bodyLeft = 0;
    }

    /** The current message's type byte. */
    public byte type() {
        return type;
    }

    /** The size of the current message's whole body, in bytes. */
    public int bodyBytes() {
        return bodyBytes;
    }

    /** Whether everything seen so far ends with a whole message. */
    public boolean atBoundary() {
        return bodyLeft == 0;
    }
}
