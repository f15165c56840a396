package dev.pgproxy.adminworker.sql;

import java.util.List;

/**
 * What is known about a query before it runs.
 *
 * @param parameterOids types of its parameters, used where the client left them open
 */
public record Description(List<Integer> parameterOids, List<ResultColumn> columns) {}
