package dev.pgproxy.common.view;

/** One column of a table; any column may be null. */
public record Column(String name, ColumnType type) {

    static Column int4(String name) {
        return new Column(name, ColumnType.INT4);
    }

    static Column int8(String name) {
        return new Column(name, ColumnType.INT8);
    }

    static Column float8(String name) {
        return new Column(name, ColumnType.FLOAT8);
    }

    static Column bool(String name) {
        return new Column(name, ColumnType.BOOL);
    }

    static Column text(String name) {
        return new Column(name, ColumnType.TEXT);
    }

    static Column timestamptz(String name) {
        return new Column(name, ColumnType.TIMESTAMPTZ);
    }
}
