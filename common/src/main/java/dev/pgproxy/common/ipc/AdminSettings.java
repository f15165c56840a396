package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.ProxyConfig;

/**
 * What the admin-worker needs from the configuration.
 *
 * @param loginTimeoutMs bound on a login
 * @param version of pgproxy
 * @param readersWaitMs how much longer operators who may only look are kept out
 */
public record AdminSettings(
        ProxyConfig.AdminDatabase database, long loginTimeoutMs, String version, long readersWaitMs) {}
