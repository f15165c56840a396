package dev.pgproxy.adminworker.sql;

/** A column of a result, as RowDescription has it. */
public record ResultColumn(String name, PgType type) {}
