package dev.pgproxy.poolworker.bad;

import java.sql.Connection;

/** A worker that talks to a server through a driver. */
public record AsksByDriver(Connection connection) {}
