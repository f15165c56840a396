package dev.pgproxy.poolworker.bad;

import java.sql.Connection;

/** A worker that has a driver talk to a server. */
public record AsksByDriver(Connection connection) {}
