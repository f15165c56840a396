package dev.pgproxy.common.protocol;

import dev.pgproxy.common.auth.AuthenticationMethod;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Messages of a server, by their type byte, and the ones that the proxy writes in a server's place. Protocol: "Message Formats". */
public final class BackendMessage {

    public static final byte AUTHENTICATION = 'R';
    public static final byte BACKEND_KEY_DATA = 'K';
    public static final byte COMMAND_COMPLETE = 'C';
    public static final byte COPY_BOTH_RESPONSE = 'W';
    public static final byte COPY_DONE = 'c';
    public static final byte COPY_IN_RESPONSE = 'G';
    public static final byte COPY_OUT_RESPONSE = 'H';
    public static final byte ROW_DESCRIPTION = 'T';
    public static final byte DATA_ROW = 'D';
    public static final byte ERROR_RESPONSE = 'E';
    public static final byte NEGOTIATE_PROTOCOL_VERSION = 'v';
    public static final byte NOTICE_RESPONSE = 'N';
    public static final byte NOTIFICATION_RESPONSE = 'A';
    public static final byte PARAMETER_STATUS = 'S';
    public static final byte READY_FOR_QUERY = 'Z';

    /** Transaction status in ReadyForQuery. */
    public static final byte IDLE = 'I';

    private BackendMessage() {}

    /**
     * An ErrorResponse of severity FATAL: the connection is closed after it.
     *
     * @param hint what to do about it; empty for none
     */
    public static byte[] fatal(String sqlState, String message, String hint) {
        return report(ERROR_RESPONSE, "FATAL", sqlState, message, hint, 0);
    }

    /** Ends a session whose client was idle for active_cnn_timeout. */
    public static byte[] idleSessionTimeout() {
        return fatal(
                SqlState.IDLE_SESSION_TIMEOUT,
                "terminating connection due to idle-session timeout",
                "The session was idle for active_cnn_timeout of the proxy; disable_conds_list.N can exempt it.");
    }

    /**
     * An ErrorResponse of severity ERROR: the session continues.
     *
     * @param hint what to do about it; empty for none
     * @param position of the character in the statement, from 1; 0 for none
     */
    public static byte[] error(String sqlState, String message, String hint, int position) {
        return report(ERROR_RESPONSE, "ERROR", sqlState, message, hint, position);
    }

    /** A NoticeResponse of this severity. */
    public static byte[] notice(String severity, String sqlState, String message) {
        return report(NOTICE_RESPONSE, severity, sqlState, message, "", 0);
    }

    private static byte[] report(
            byte type, String severity, String sqlState, String message, String hint, int position) {
        ByteArrayOutputStream fields = new ByteArrayOutputStream();
        field(fields, 'S', severity);
        field(fields, 'V', severity);
        field(fields, 'C', sqlState);
        field(fields, 'M', message);
        if (!hint.isEmpty()) {
            field(fields, 'H', hint);
        }
        if (position > 0) {
            field(fields, 'P', Integer.toString(position));
        }
        fields.write(0);
        return MessageBytes.of(type, fields.toByteArray());
    }

    private static void field(ByteArrayOutputStream out, char code, String value) {
        out.write(code);
        out.writeBytes(value.getBytes(StandardCharsets.UTF_8));
        out.write(0);
    }

    /** A message of this type with this body. */
    public static byte[] wrap(byte type, byte[] body) {
        return MessageBytes.of(type, body);
    }

    /** AuthenticationCleartextPassword. */
    public static byte[] authenticationCleartextPassword() {
        return authentication(AuthenticationMethod.PASSWORD_CODE, new byte[0]);
    }

    /** AuthenticationMD5Password. */
    public static byte[] authenticationMd5Password(byte[] salt) {
        return authentication(AuthenticationMethod.MD5_CODE, salt);
    }

    /** AuthenticationSASL, which offers these mechanisms. */
    public static byte[] authenticationSasl(List<String> mechanisms) {
        String names = String.join("\0", mechanisms) + "\0\0";
        return authentication(AuthenticationMethod.SASL_CODE, names.getBytes(StandardCharsets.US_ASCII));
    }

    /** AuthenticationSASLContinue. */
    public static byte[] authenticationSaslContinue(byte[] data) {
        return authentication(AuthenticationMethod.SASL_CONTINUE_CODE, data);
    }

    /** AuthenticationSASLFinal. */
    public static byte[] authenticationSaslFinal(byte[] data) {
        return authentication(AuthenticationMethod.SASL_FINAL_CODE, data);
    }

    private static byte[] authentication(int code, byte[] data) {
        return MessageBytes.of(
                AUTHENTICATION,
                ByteBuffer.allocate(Integer.BYTES + data.length)
                        .putInt(code)
                        .put(data)
                        .array());
    }

    /** ParameterStatus, of text that is held one char per byte. */
    public static byte[] parameterStatus(String name, String value) {
        return MessageBytes.of(PARAMETER_STATUS, (name + '\0' + value + '\0').getBytes(StandardCharsets.ISO_8859_1));
    }

    /** ParameterStatus, of text that is sent in UTF-8. */
    public static byte[] parameterStatusText(String name, String value) {
        return MessageBytes.of(PARAMETER_STATUS, (name + '\0' + value + '\0').getBytes(StandardCharsets.UTF_8));
    }

    /** The SQLSTATE of an ErrorResponse with its header; empty when it has none. */
    public static String sqlState(byte[] message) {
        return errorField(message, 'C');
    }

    /** A field of an ErrorResponse with its header; empty when it has none. */
    public static String errorField(byte[] message, char code) {
        return message.length <= MessageFramer.HEADER_BYTES
                ? ""
                : fields(Arrays.copyOfRange(message, MessageFramer.HEADER_BYTES, message.length))
                        .getOrDefault(code, "");
    }

    /** The fields of an ErrorResponse or NoticeResponse by their code, held one char per byte. */
    public static Map<Character, String> fields(byte[] body) {
        Map<Character, String> fields = new HashMap<>();
        int start = 0;
        for (int at = 0; at < body.length; at++) {
            if (body[at] == 0) {
                if (at > start) {
                    fields.put(
                            (char) body[start],
                            new String(body, start + 1, at - start - 1, StandardCharsets.ISO_8859_1));
                }
                start = at + 1;
            }
        }
        return fields;
    }

    /** AuthenticationOk. */
    public static byte[] authenticationOk() {
        return MessageBytes.of(AUTHENTICATION, new byte[4]);
    }

    /** BackendKeyData: the server's process id and the secret that a CancelRequest must carry. */
    public static byte[] backendKeyData(int pid, byte[] secret) {
        return MessageBytes.of(
                BACKEND_KEY_DATA,
                ByteBuffer.allocate(4 + secret.length).putInt(pid).put(secret).array());
    }

    /** ReadyForQuery outside a transaction. */
    public static byte[] readyForQueryIdle() {
        return MessageBytes.of(READY_FOR_QUERY, new byte[] {IDLE});
    }

    /** NegotiateProtocolVersion: the newest supported version, and the options that are not supported. */
    public static byte[] negotiateProtocolVersion(int newestVersion, List<String> unknownOptions) {
        ByteArrayOutputStream names = new ByteArrayOutputStream();
        for (String option : unknownOptions) {
            names.writeBytes(option.getBytes(StandardCharsets.ISO_8859_1));
            names.write(0);
        }
        return MessageBytes.of(
                NEGOTIATE_PROTOCOL_VERSION,
                ByteBuffer.allocate(8 + names.size())
                        .putInt(newestVersion)
                        .putInt(unknownOptions.size())
                        .put(names.toByteArray())
                        .array());
    }
}
