package dev.pgproxy.common.protocol;

/** Bytes that PostgreSQL's protocol does not allow. The connection they came on is not usable afterwards. */
public final class ProtocolViolation extends Exception {

    private final String sqlState;

    ProtocolViolation(String sqlState, String message) {
        super(message);
        this.sqlState = sqlState;
    }

    ProtocolViolation(String message) {
        this(SqlState.PROTOCOL_VIOLATION, message);
    }

    /** The SQLSTATE under which PostgreSQL reports this. */
    public String sqlState() {
        return sqlState;
    }
}
