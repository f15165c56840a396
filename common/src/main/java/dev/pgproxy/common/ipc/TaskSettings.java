package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.ProxyConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a task-worker has to know of the configuration.
 *
 * @param adminLogin who looks up roles
 * @param verifierFile path of {@code auth_file}; empty for none
 * @param notices whom to tell of failovers
 */
public record TaskSettings(ProxyConfig.AdminLogin adminLogin, String verifierFile, ProxyConfig.Notices notices) {

    void encode(FieldWriter out) {
        out.string(adminLogin.user()).string(adminLogin.password()).string(adminLogin.database());
        out.string(adminLogin.requireAuth());
        out.string(verifierFile);
        out.string(notices.command().map(Path::toString).orElse(""))
                .string(notices.webhook().orElse(""));
        out.bool(notices.mail().isPresent());
        notices.mail()
                .ifPresent(mail -> out.string(mail.host())
                        .int32(mail.port())
                        .string(mail.user())
                        .string(mail.password())
                        .string(mail.from())
                        .strings(mail.to()));
    }

    static TaskSettings decode(FieldReader in) throws ControlViolation {
        return new TaskSettings(
                new ProxyConfig.AdminLogin(in.string(), in.string(), in.string(), in.string()),
                in.string(),
                new ProxyConfig.Notices(
                        optional(in.string()).map(Path::of),
                        optional(in.string()),
                        in.bool() ? mail(in) : Optional.empty()));
    }

    private static Optional<String> optional(String text) {
        return Optional.of(text).filter(each -> !each.isEmpty());
    }

    private static Optional<ProxyConfig.Mail> mail(FieldReader in) throws ControlViolation {
        String host = in.string();
        int port = in.int32();
        String user = in.string();
        String password = in.string();
        String from = in.string();
        List<String> to = in.strings();
        return Optional.of(new ProxyConfig.Mail(host, port, user, password, from, to));
    }
}
