package dev.pgproxy.common.config;

import java.util.Set;

/**
 * One key of the configuration as it is in force.
 *
 * @param value as the file has it, or the default
 * @param defaultValue what an absent key means; empty for none
 * @param line where the key stands in the file, from 1; 0 when it does not
 */
public record ConfigEntry(String key, String value, String defaultValue, int line) {

    /**
     * Keys whose change needs a restart; all others are taken over by a reload, {@code master} and {@code promote} where they name
     * the server that is the primary.
     */
    private static final Set<String> AT_START = Set.of(
            "listen",
            "listen_backlog",
            "proxy_worker_num",
            "recv_sz_per_poll",
            "pool_ignore_parameters",
            "ipc_uds_path",
            "pid_file",
            "state_file",
            "log.filename");

    private static final Set<String> SECRETS =
            Set.of("pg_proxy_pw", "pg_proxy_stats_pw", "conninfo.pw", "notify.mail.pw", "notify.webhook");

    private static final String MASK = "********";

    /** Whether a reload changes it. */
    public boolean isReloadable() {
        return isReloadable(key);
    }

    static boolean isReloadable(String key) {
        return !AT_START.contains(key);
    }

    /** The value for people to see; of a password only whether there is one. */
    public String shownValue() {
        return shown(value);
    }

    /** The default for people to see. */
    public String shownDefault() {
        return shown(defaultValue);
    }

    /** Whether it is a password that the file has. */
    boolean isSecretThatIsSet() {
        return SECRETS.contains(key) && line > 0 && !value.isEmpty();
    }

    private String shown(String text) {
        return SECRETS.contains(key) && !text.isEmpty() ? MASK : text;
    }

    @Override
    public String toString() {
        return key + " = " + shownValue();
    }
}
