package dev.pgproxy.adminworker.wire;

import dev.pgproxy.adminworker.sql.ResultColumn;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.common.protocol.BackendMessage;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Answers to statements. Protocol: "Message Formats". */
public final class Reply {

    private static final byte[] NOTHING = {};

    private Reply() {}

    public static byte[] parseComplete() {
        return BackendMessage.wrap((byte) '1', NOTHING);
    }

    public static byte[] bindComplete() {
        return BackendMessage.wrap((byte) '2', NOTHING);
    }

    public static byte[] closeComplete() {
        return BackendMessage.wrap((byte) '3', NOTHING);
    }

    /** CopyOutResponse of the text format, with all columns in text. */
    public static byte[] copyOut(int columns) {
        ByteBuffer body = ByteBuffer.allocate(1 + Short.BYTES + Short.BYTES * columns);
        body.put((byte) 0).putShort((short) columns);
        return BackendMessage.wrap(BackendMessage.COPY_OUT_RESPONSE, body.array());
    }

    public static byte[] copyData(byte[] line) {
        return BackendMessage.wrap((byte) 'd', line);
    }

    public static byte[] copyDone() {
        return BackendMessage.wrap(BackendMessage.COPY_DONE, NOTHING);
    }

    public static byte[] noData() {
        return BackendMessage.wrap((byte) 'n', NOTHING);
    }

    public static byte[] portalSuspended() {
        return BackendMessage.wrap((byte) 's', NOTHING);
    }

    public static byte[] emptyQuery() {
        return BackendMessage.wrap((byte) 'I', NOTHING);
    }

    /** @param status I outside a transaction, T inside one */
    public static byte[] ready(char status) {
        return BackendMessage.wrap(BackendMessage.READY_FOR_QUERY, new byte[] {(byte) status});
    }

    public static byte[] commandComplete(String tag) {
        return BackendMessage.wrap(BackendMessage.COMMAND_COMPLETE, (tag + '\0').getBytes(StandardCharsets.UTF_8));
    }

    /** ParameterDescription. */
    public static byte[] parameters(List<Integer> oids) {
        ByteBuffer body = ByteBuffer.allocate(Short.BYTES + Integer.BYTES * oids.size());
        body.putShort((short) oids.size());
        oids.forEach(body::putInt);
        return BackendMessage.wrap((byte) 't', body.array());
    }

    /**
     * RowDescription.
     *
     * @param formats whether each column is in binary; one for all, or none for text
     */
    public static byte[] rowDescription(List<ResultColumn> columns, List<Boolean> formats) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(ByteBuffer.allocate(Short.BYTES)
                .putShort((short) columns.size())
                .array());
        for (int i = 0; i < columns.size(); i++) {
            ResultColumn column = columns.get(i);
            boolean binary = !formats.isEmpty() && (formats.size() == 1 ? formats.get(0) : formats.get(i));
            body.writeBytes((column.name() + '\0').getBytes(StandardCharsets.UTF_8));
            body.writeBytes(ByteBuffer.allocate(18)
                    .putInt(0) // of no table
                    .putShort((short) 0)
                    .putInt(column.type().oid())
                    .putShort((short) column.type().bytes())
                    .putInt(-1) // no modifier
                    .putShort((short) (binary ? 1 : 0))
                    .array());
        }
        return BackendMessage.wrap((byte) 'T', body.toByteArray());
    }

    /** ErrorResponse: the statement failed, the session continues. */
    public static byte[] error(SqlProblem problem) {
        return BackendMessage.error(problem.sqlState(), problem.description(), problem.hint(), problem.position());
    }

    /** NoticeResponse. */
    public static byte[] notice(String message) {
        return BackendMessage.notice("NOTICE", "00000", message);
    }

    /** A NoticeResponse that warns. */
    public static byte[] warning(String message) {
        return BackendMessage.notice("WARNING", "01000", message);
    }
}
