package dev.pgproxy.adminworker.sql;

/** SQLSTATEs of statements, by PostgreSQL's names for them (Appendix A of its manual). */
public final class SqlStates {

    public static final String FEATURE_NOT_SUPPORTED = "0A000";
    public static final String NUMERIC_VALUE_OUT_OF_RANGE = "22003";
    public static final String INVALID_TEXT_REPRESENTATION = "22P02";
    public static final String INVALID_PARAMETER_VALUE = "22023";
    public static final String READ_ONLY_SQL_TRANSACTION = "25006";
    public static final String NO_ACTIVE_SQL_TRANSACTION = "25P01";
    public static final String INVALID_STATEMENT_NAME = "26000";
    public static final String INVALID_CURSOR_NAME = "34000";
    public static final String INSUFFICIENT_PRIVILEGE = "42501";
    public static final String SYNTAX_ERROR = "42601";
    public static final String UNDEFINED_COLUMN = "42703";
    public static final String UNDEFINED_OBJECT = "42704";
    public static final String UNDEFINED_FUNCTION = "42883";
    public static final String UNDEFINED_TABLE = "42P01";
    public static final String DUPLICATE_CURSOR = "42P03";
    public static final String DUPLICATE_STATEMENT = "42P05";
    public static final String OUT_OF_MEMORY = "53200";
    public static final String PROGRAM_LIMIT_EXCEEDED = "54000";
    public static final String TOO_MANY_COLUMNS = "54011";
    public static final String STATEMENT_TOO_COMPLEX = "54001";
    public static final String INTERNAL_ERROR = "XX000";

    private SqlStates() {}
}
