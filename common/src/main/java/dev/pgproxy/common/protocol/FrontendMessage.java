package dev.pgproxy.common.protocol;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Messages of a client, by their type byte, and the ones that the proxy sends to a server. Protocol: "Message Formats". */
public final class FrontendMessage {

    public static final byte BIND = 'B';
    public static final byte EXECUTE = 'E';
    public static final byte COPY_DONE = 'c';
    public static final byte COPY_FAIL = 'f';
    public static final byte COPY_DATA = 'd';
    public static final byte FUNCTION_CALL = 'F';
    public static final byte PARSE = 'P';
    /** PasswordMessage, SASLInitialResponse, SASLResponse. */
    public static final byte PASSWORD = 'p';

    public static final byte QUERY = 'Q';
    public static final byte SYNC = 'S';
    public static final byte TERMINATE = 'X';

    private FrontendMessage() {}

    /** A simple Query. */
    public static byte[] query(String sql) {
        return MessageBytes.of(QUERY, (sql + "\0").getBytes(StandardCharsets.UTF_8));
    }

    /** A message of this type with this body. */
    public static byte[] wrap(byte type, byte[] body) {
        return MessageBytes.of(type, body);
    }

    /** Terminate: lets the server end its session without a complaint in its log. */
    public static byte[] terminate() {
        return MessageBytes.of(TERMINATE, new byte[0]);
    }

    /** A StartupMessage with these parameters, in this order. */
    public static byte[] startup(int protocolVersion, List<StartupParameters.Parameter> parameters) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (StartupParameters.Parameter parameter : parameters) {
            body.writeBytes(parameter.name().getBytes(StandardCharsets.ISO_8859_1));
            body.write(0);
            body.writeBytes(parameter.value().getBytes(StandardCharsets.ISO_8859_1));
            body.write(0);
        }
        body.write(0);
        return ByteBuffer.allocate(8 + body.size())
                .putInt(8 + body.size())
                .putInt(protocolVersion)
                .put(body.toByteArray())
                .array();
    }

    /** A CancelRequest, to be sent on a connection of its own. */
    public static byte[] cancelRequest(int pid, byte[] secret) {
        return ByteBuffer.allocate(12 + secret.length)
                .putInt(12 + secret.length)
                .putInt(StartupPacketDecoder.CANCEL_REQUEST_CODE)
                .putInt(pid)
                .put(secret)
                .array();
    }
}
