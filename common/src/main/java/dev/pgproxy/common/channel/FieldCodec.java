package dev.pgproxy.common.channel;

/** Writes and reads the values of one type. */
interface FieldCodec {

    void write(FieldWriter out, Object value);

    /** @throws ControlViolation on bytes that {@link #write} would not have written */
    Object read(FieldReader in) throws ControlViolation;

    /** Distinguishes this encoding from all others, in the fingerprint of the protocol. */
    String layout();

    /** Descriptors that travel with each value. */
    default int descriptors() {
        return 0;
    }
}
