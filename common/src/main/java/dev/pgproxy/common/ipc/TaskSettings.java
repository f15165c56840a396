package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.ProxyConfig;

/**
 * What the task-worker has to know of the configuration.
 *
 * @param adminLogin who looks up roles
 * @param verifierFile path of {@code auth_file}; empty for none
 * @param alerts whom to tell of failovers
 */
public record TaskSettings(ProxyConfig.AdminLogin adminLogin, String verifierFile, ProxyConfig.Alerts alerts) {}
