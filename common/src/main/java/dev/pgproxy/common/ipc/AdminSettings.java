package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.ProxyConfig;

/**
 * What the admin-worker has to know of the configuration.
 *
 * @param loginTimeoutMs bound on a login
 * @param version of pgproxy
 * @param readersWaitMs how long those who may only look are not let in from now on
 */
public record AdminSettings(
        ProxyConfig.AdminDatabase database, long loginTimeoutMs, String version, long readersWaitMs) {}
