package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.protocol.MessageFramer;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Copies of messages out of the relay's shared buffer, whose content does not outlive the turn. */
public final class MessageCopies {

    private MessageCopies() {}

    /** Copies these bytes, whatever the buffer's position is. */
    public static byte[] copy(ByteBuffer buffer, int start, int bytes) {
        byte[] copy = new byte[bytes];
        buffer.get(start, copy);
        return copy;
    }

    /** The message around this body, including its header. */
    public static byte[] whole(ByteBuffer buffer, int bodyStart, int bodyBytes) {
        return copy(buffer, bodyStart - MessageFramer.HEADER_BYTES, MessageFramer.HEADER_BYTES + bodyBytes);
    }

    /**
     * The columns of a DataRow, one char per byte: Int16 number of columns, then for each its Int32 length and its
     * bytes. Null is empty.
     *
     * @return an empty list when the body does not have this form
     */
    public static List<String> columns(byte[] body) {
        List<String> columns = new ArrayList<>();
        try {
            ByteBuffer in = ByteBuffer.wrap(body);
            int count = in.getShort();
            for (int i = 0; i < count; i++) {
                byte[] value = new byte[Math.max(0, Math.min(in.getInt(), in.remaining()))];
                in.get(value);
                columns.add(new String(value, StandardCharsets.ISO_8859_1));
            }
            return columns;
        } catch (BufferUnderflowException e) {
            return List.of();
        }
    }

    /** Notes a ParameterStatus, as {@link ServerIdentity#status}. */
    public static boolean status(ServerIdentity identity, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        return identity.status(whole(buffer, bodyStart, bodyBytes), MessageFramer.HEADER_BYTES);
    }

    /** As {@link #status}. A status that cannot be noted cannot be sent to the next client, so the backend is not reused. */
    public static void statusOrDoubt(
            ServerIdentity identity, QueryProgress progress, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        if (!status(identity, buffer, bodyStart, bodyBytes)) {
            progress.doubt();
        }
    }
}
