package dev.pgproxy.adminworker.session;

/**
 * The operator that runs a statement.
 *
 * @param user the name it logged in with, for log lines
 * @param peer the address it connected from
 * @param mayAct whether it may do more than read
 */
public record Asker(String user, String peer, boolean mayAct) {}
