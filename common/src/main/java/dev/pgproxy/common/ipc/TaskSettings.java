package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.ProxyConfig;

/**
 * What a task-worker has to know of the configuration.
 *
 * @param adminLogin who looks up roles
 * @param verifierFile path of {@code auth_file}; empty for none
 */
public record TaskSettings(ProxyConfig.AdminLogin adminLogin, String verifierFile) {

    void encode(FieldWriter out) {
        out.string(adminLogin.user()).string(adminLogin.password()).string(adminLogin.database());
        out.string(verifierFile);
    }

    static TaskSettings decode(FieldReader in) throws ControlViolation {
        return new TaskSettings(new ProxyConfig.AdminLogin(in.string(), in.string(), in.string()), in.string());
    }
}
