package dev.pgproxy.adminworker.wire;

import dev.pgproxy.common.protocol.ProtocolViolation;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A message from a client, whose fields are read in order. Protocol: "Message Formats". */
public final class ClientMessage {

    private final byte type;
    private final ByteBuffer body;

    public ClientMessage(byte type, byte[] body) {
        this.type = type;
        this.body = ByteBuffer.wrap(body);
    }

    /** Bytes of its body. */
    public int length() {
        return body.capacity();
    }

    public char type() {
        return (char) type;
    }

    /** @throws ProtocolViolation when the message is too short, like the other methods */
    public byte int8() throws ProtocolViolation {
        try {
            return body.get();
        } catch (BufferUnderflowException e) {
            throw tooShort();
        }
    }

    public int int16() throws ProtocolViolation {
        try {
            return body.getShort();
        } catch (BufferUnderflowException e) {
            throw tooShort();
        }
    }

    public int int32() throws ProtocolViolation {
        try {
            return body.getInt();
        } catch (BufferUnderflowException e) {
            throw tooShort();
        }
    }

    /** A text up to its terminator. */
    public String string() throws ProtocolViolation {
        int start = body.position();
        while (body.hasRemaining()) {
            if (body.get() == 0) {
                return new String(body.array(), start, body.position() - 1 - start, StandardCharsets.UTF_8);
            }
        }
        throw tooShort();
    }

    /**
     * This many bytes.
     *
     * @param length as the client claims; negative for null
     */
    public byte @Nullable [] bytes(int length) throws ProtocolViolation {
        if (length < 0) {
            return null;
        }
        if (length > body.remaining()) {
            throw tooShort();
        }
        byte[] bytes = new byte[length];
        body.get(bytes);
        return bytes;
    }

    /** All remaining bytes. */
    public byte[] rest() {
        byte[] bytes = new byte[body.remaining()];
        body.get(bytes);
        return bytes;
    }

    private ProtocolViolation tooShort() {
        return ProtocolViolation.of("message \"" + type() + "\" is too short");
    }
}
