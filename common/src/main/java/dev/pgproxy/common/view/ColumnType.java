package dev.pgproxy.common.view;

/** What a column holds, by PostgreSQL's names, and the Java type of its values here. */
public enum ColumnType {
    /** {@link Integer}. */
    INT4,
    /** {@link Long}. */
    INT8,
    /** {@link Double}. */
    FLOAT8,
    /** {@link Boolean}. */
    BOOL,
    /** {@link String}. */
    TEXT,
    /** {@link Long}: microseconds since 1970 in UTC. */
    TIMESTAMPTZ
}
