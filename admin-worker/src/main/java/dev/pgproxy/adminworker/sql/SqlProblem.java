package dev.pgproxy.adminworker.sql;

/** Why a statement cannot be run, worded for its author. */
public final class SqlProblem extends Exception {

    private static final long serialVersionUID = 1;

    private final String sqlState;
    private final String hint;
    private final int position;

    /**
     * @param hint what to do; empty for none
     * @param position of the character in the statement, from 1; 0 for none
     */
    public SqlProblem(String sqlState, String message, String hint, int position) {
        super(message);
        this.sqlState = sqlState;
        this.hint = hint;
        this.position = position;
    }

    public SqlProblem(String sqlState, String message, String hint) {
        this(sqlState, message, hint, 0);
    }

    /** The same problem, of a statement that begins this many characters into its author's text. */
    public SqlProblem movedBy(int characters) {
        return position == 0 ? this : new SqlProblem(sqlState, description(), hint, position + characters);
    }

    public String sqlState() {
        return sqlState;
    }

    public String description() {
        return String.valueOf(getMessage());
    }

    public String hint() {
        return hint;
    }

    public int position() {
        return position;
    }

    /** A statement that could keep pg_proxy busy for too long. */
    static SqlProblem tooComplex(String what) {
        return new SqlProblem(
                SqlStates.STATEMENT_TOO_COMPLEX, "the statement is too complex: " + what, "Write a simpler one.");
    }
}
