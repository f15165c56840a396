package dev.pgproxy.adminworker.sql;

import java.util.List;

/**
 * What is known of a query before it runs.
 *
 * @param parameterOids types of its parameters, for those that the client left open
 */
public record Description(List<Integer> parameterOids, List<ResultColumn> columns) {}
