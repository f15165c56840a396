package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.SocketTuning;
import java.util.List;

/**
 * What a pool-worker needs from the configuration. Times are in milliseconds; 0 means no limit where the key allows it.
 *
 * @param receiveBytes bytes read from one connection per wake-up
 * @param idleTimeoutMs how long a backend may be idle
 * @param serverLifetimeMs age at which an idle backend is closed
 * @param serverConnectTimeoutMs bound on connecting to a server
 * @param serverResetTimeoutMs bound on making a backend ready for its next client
 * @param idleSessionTimeoutMs how long a session may be idle; 0 for no limit
 * @param idleTransactionTimeoutMs how long a transaction may be idle; 0 for no limit
 * @param ignoredParameters startup parameters in which clients of one pool may differ
 * @param moveSessions whether sessions can continue on another server
 * @param logConnections whether each client that logs in is logged
 * @param logDisconnections whether each session that ends is logged
 * @param tuning keepalive of connections to servers
 */
public record PoolSettings(
        int receiveBytes,
        long idleTimeoutMs,
        long serverLifetimeMs,
        long serverConnectTimeoutMs,
        long serverResetTimeoutMs,
        long idleSessionTimeoutMs,
        long idleTransactionTimeoutMs,
        List<String> ignoredParameters,
        boolean moveSessions,
        boolean logConnections,
        boolean logDisconnections,
        SocketTuning tuning) {}
