package dev.pgproxy.adminworker.sql;

import java.util.List;

/**
 * @param rows DataRow messages
 * @param bytes of all of them
 */
public record QueryResult(List<ResultColumn> columns, List<byte[]> rows, long bytes) {}
