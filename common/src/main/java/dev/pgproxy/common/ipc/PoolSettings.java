package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.SocketTuning;

/**
 * What a pool-worker needs of the configuration. Times are in milliseconds, 0 means no limit where the key allows it.
 *
 * @param receiveBytes bytes read from one connection per wake-up
 * @param idleTimeoutMs life of an idle backend
 * @param serverLifetimeMs age at which an idle backend is closed
 * @param serverConnectTimeoutMs bound on connecting to a server
 * @param serverResetTimeoutMs bound on making a backend ready for its next user
 * @param clientLoginTimeoutMs bound on a login, from the hand-over of the client to ReadyForQuery
 * @param tuning keepalive of connections to servers
 */
public record PoolSettings(
        int receiveBytes,
        long idleTimeoutMs,
        long serverLifetimeMs,
        long serverConnectTimeoutMs,
        long serverResetTimeoutMs,
        long clientLoginTimeoutMs,
        SocketTuning tuning) {

    void encode(FieldWriter out) {
        out.int32(receiveBytes).int64(idleTimeoutMs).int64(serverLifetimeMs).int64(serverConnectTimeoutMs);
        out.int64(serverResetTimeoutMs).int64(clientLoginTimeoutMs);
        out.bool(tuning.keepalive()).int32(tuning.idleSeconds()).int32(tuning.intervalSeconds());
        out.int32(tuning.probes()).int32(tuning.userTimeoutMs());
    }

    static PoolSettings decode(FieldReader in) throws ControlViolation {
        return new PoolSettings(
                in.int32(),
                in.int64(),
                in.int64(),
                in.int64(),
                in.int64(),
                in.int64(),
                new SocketTuning(in.bool(), in.int32(), in.int32(), in.int32(), in.int32()));
    }
}
