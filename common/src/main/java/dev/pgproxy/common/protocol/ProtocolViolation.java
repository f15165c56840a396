package dev.pgproxy.common.protocol;

/** Bytes that PostgreSQL's protocol does not allow. The connection they came on is not usable afterwards. */
public final class ProtocolViolation extends Exception {

    private final String sqlState;
    private final String description;

    ProtocolViolation(String sqlState, String description) {
        super(description);
        this.sqlState = sqlState;
        this.description = description;
    }

    ProtocolViolation(String message) {
        this(SqlState.PROTOCOL_VIOLATION, message);
    }

    /** Something that the protocol's flow, rather than a message's form, does not allow. */
    public static ProtocolViolation of(String description) {
        return new ProtocolViolation(description);
    }

    /** What was wrong, in PostgreSQL's words where it has some. */
    public String description() {
        return description;
    }

    /** The SQLSTATE under which PostgreSQL reports this. */
    public String sqlState() {
        return sqlState;
    }
}
