package dev.pgproxy.adminworker.sql;

import java.util.List;

/** @param rows DataRow messages */
public record QueryResult(List<ResultColumn> columns, List<byte[]> rows) {}
