package dev.pgproxy.common.protocol;

import java.nio.ByteBuffer;

/** A typed message: type byte, Int32 length that counts itself and the body, body. */
final class MessageBytes {

    private MessageBytes() {}

    static byte[] of(byte type, byte[] body) {
        return ByteBuffer.allocate(MessageFramer.HEADER_BYTES + body.length)
                .put(type)
                .putInt(Integer.BYTES + body.length)
                .put(body)
                .array();
    }
}
