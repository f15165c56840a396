package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.ProxyConfig;

/**
 * What the task-worker needs from the configuration.
 *
 * @param adminLogin the login that looks up roles
 * @param verifierFile path of {@code auth_file}; empty for none
 * @param alerts where to send alerts
 */
public record TaskSettings(ProxyConfig.AdminLogin adminLogin, String verifierFile, ProxyConfig.Alerts alerts) {}
