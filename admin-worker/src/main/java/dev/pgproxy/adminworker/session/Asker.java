package dev.pgproxy.adminworker.session;

/**
 * Who runs statements.
 *
 * @param user the name that it logged in with, for lines in the log
 * @param peer where it comes from
 * @param mayAct whether it may do more than look
 */
public record Asker(String user, String peer, boolean mayAct) {}
