package dev.pgproxy.testkit.wire;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** A message as it arrived over the wire. */
@SuppressWarnings("ArrayRecordComponent") // Tests inspect the bytes; they do not compare messages.
public record WireMessage(char type, byte[] body) {

    /** The fields of an ErrorResponse or NoticeResponse by their code: S severity, C SQLSTATE, M message, H hint. */
    public Map<Character, String> fields() {
        Map<Character, String> fields = new TreeMap<>();
        ByteBuffer in = ByteBuffer.wrap(body);
        for (byte code = in.get(); code != 0; code = in.get()) {
            int start = in.position();
            while (in.get() != 0) {
                // to the end of the string
            }
            fields.put((char) code, new String(body, start, in.position() - 1 - start, StandardCharsets.UTF_8));
        }
        return fields;
    }

    /** The SQLSTATE of an ErrorResponse. */
    public String sqlState() {
        return fields().getOrDefault('C', "");
    }

    /** The body as text, zero bytes as dots; for a DataRow of one column, the value is at its end. */
    public String text() {
        return new String(body, StandardCharsets.UTF_8).replace('\0', '.');
    }

    /** The first column of a DataRow as text. */
    public String firstColumn() {
        int length = ByteBuffer.wrap(body).getInt(2);
        return new String(body, 6, length, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return type + (type == 'E' || type == 'N' ? fields().toString() : "[" + body.length + "]");
    }
}
