package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.ProxyConfig;
import java.time.Duration;
import java.util.Optional;

/**
 * What the admin-worker has to know of the configuration.
 *
 * @param loginTimeoutMs bound on a login
 * @param version of pgproxy
 * @param readersWaitMs how long those who may only look are not let in from now on
 */
public record AdminSettings(
        ProxyConfig.AdminDatabase database, long loginTimeoutMs, String version, long readersWaitMs) {

    void encode(FieldWriter out) {
        out.string(database.password()).string(database.readerPassword().orElse(""));
        out.int32(database.connections()).int64(database.queryTimeout().toMillis());
        out.int64(database.idleTimeout().toMillis())
                .int64(loginTimeoutMs)
                .string(version)
                .int64(readersWaitMs);
    }

    static AdminSettings decode(FieldReader in) throws ControlViolation {
        return new AdminSettings(
                new ProxyConfig.AdminDatabase(
                        in.string(),
                        Optional.of(in.string()).filter(text -> !text.isEmpty()),
                        in.int32(),
                        Duration.ofMillis(in.int64()),
                        Duration.ofMillis(in.int64())),
                in.int64(),
                in.string(),
                in.int64());
    }
}
