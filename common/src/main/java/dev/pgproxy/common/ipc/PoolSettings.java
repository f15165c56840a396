package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.SocketTuning;
import java.util.List;

/**
 * What a pool-worker needs of the configuration. Times are in milliseconds, 0 means no limit where the key allows it.
 *
 * @param receiveBytes bytes read from one connection per wake-up
 * @param idleTimeoutMs life of an idle backend
 * @param serverLifetimeMs age at which an idle backend is closed
 * @param serverConnectTimeoutMs bound on connecting to a server
 * @param serverResetTimeoutMs bound on making a backend ready for its next user
 * @param idleSessionTimeoutMs how long a client may let its session rest; 0 for ever
 * @param idleTransactionTimeoutMs how long a client may let a transaction rest; 0 for ever
 * @param ignoredParameters startup parameters that two clients of one pool need not have in common
 * @param moveSessions whether sessions shall be able to continue on another server
 * @param logConnections whether each client that is let in has a line in the log
 * @param logDisconnections whether each session that ends has one
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
