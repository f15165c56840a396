package dev.pgproxy.adminworker.session;

import dev.pgproxy.common.peer.Peer;

/**
 * The operator that runs a statement.
 *
 * @param user the name it logged in with, for log lines
 * @param peer where it connected from
 * @param mayAct whether it may do more than read
 */
public record Asker(String user, Peer peer, boolean mayAct) {}
