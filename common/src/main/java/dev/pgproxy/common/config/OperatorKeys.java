package dev.pgproxy.common.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The keys for operators: pg_proxy and passwords, files, the log, and alerts. */
final class OperatorKeys {

    /** One session for readers, one for operators who may act, one for such operators on this host. */
    private static final int LEAST_OPERATORS = 3;

    static final Setting<String> PG_PROXY_PW = Setting.text(
                    "pg_proxy_pw",
                    ProxyConfig.AdminDatabase.DEFAULT_PASSWORD,
                    "The password of the pseudo-database pg_proxy. The default permits only reading, and only from this host.")
            .secret()
            .see("docs/pg_proxy.md");
    static final Setting<Optional<String>> PG_PROXY_STATS_PW = Setting.text(
                    "pg_proxy_stats_pw",
                    "Another password, which permits only reading, for example for a monitoring system.")
            .secret()
            .see("docs/pg_proxy.md");
    static final Setting<Integer> PG_PROXY_MAX_CONN = Setting.integer(
            "pg_proxy_max_conn",
            20,
            LEAST_OPERATORS,
            1000,
            "Sessions of pg_proxy at once; some are reserved for operators who may act.");
    static final Setting<Duration> PG_PROXY_QUERY_TIMEOUT = Setting.time(
            "pg_proxy_query_timeout",
            Duration.ofSeconds(10),
            Setting.SHORTEST,
            "Longest time of a statement in pg_proxy.");
    static final Setting<Duration> PG_PROXY_IDLE_TIMEOUT = Setting.time(
            "pg_proxy_idle_timeout", Duration.ofHours(1), Duration.ZERO, "How long a session of pg_proxy may be idle.");
    static final Setting<Optional<Path>> AUTH_FILE = Setting.file(
                    "auth_file",
                    "Passwords or verifiers of roles, in the format of pgbouncer's userlist.txt; read again when it changes.")
            .example("/etc/pgproxy/userlist.txt")
            .see("docs/pooling.md");
    static final Setting<Duration> AUTH_CACHE_TTL = Setting.time(
            "auth_cache_ttl",
            Duration.ofSeconds(10),
            Duration.ZERO,
            "How long an answer about a role is used; 0 asks at every login.");

    static final Setting<Optional<Path>> PID_FILE = inRunDirectory(
            "pid_file",
            "Written when clients are served; a second pgproxy with the same file refuses to start.",
            "pgproxy.pid");
    static final Setting<Optional<Path>> IPC_UDS_PATH = inRunDirectory(
            "ipc_uds_path",
            "The socket between the processes, in a directory that only pgproxy's user may enter.",
            "ipc/control.sock");
    static final Setting<Optional<Path>> LOG_FILENAME = Setting.file(
                    "log.filename", "The log file; .main, .proxyN, .work and .admin are appended for each process.")
            .atStart()
            .defaultsTo("standard error")
            .example("/var/log/pgproxy/pgproxy.log");
    static final Setting<ProxyConfig.LogLevel> LOG_LEVEL = Setting.choice(
            "log.level", ProxyConfig.LogLevel.class, ProxyConfig.LogLevel.INFO, "Least severity that is logged.");
    static final Setting<Boolean> LOG_CONNECTIONS =
            Setting.onOff("log.connections", false, "Whether each login is logged.");
    static final Setting<Boolean> LOG_DISCONNECTIONS =
            Setting.onOff("log.disconnections", false, "Whether each session that ends is logged.");

    static final Setting<Optional<Path>> NOTIFY_COMMAND = Setting.file(
                    "notify.command", "A program that is run for each alert; the alert is in its environment.")
            .example("/usr/local/bin/page-someone")
            .see("docs/failover.md");
    static final Setting<Optional<String>> NOTIFY_WEBHOOK = Setting.text(
                    "notify.webhook", "A URL that each alert is posted to as JSON.")
            .secret()
            .example("https://chat.example.com/hooks/1");
    static final Setting<String> NOTIFY_MAIL_HOST =
            Setting.text("notify.mail.host", "", "The mail server for alerts.").example("mail.example.com");
    static final Setting<Integer> NOTIFY_MAIL_PORT =
            Setting.integer("notify.mail.port", 25, 1, 65_535, "Its port; 465 is for TLS from the first byte.");
    static final Setting<String> NOTIFY_MAIL_USER = Setting.text(
            "notify.mail.user",
            "",
            "The user to log in to the mail server as; empty for none. With one, TLS is required.");
    static final Setting<String> NOTIFY_MAIL_PW = Setting.text(
                    "notify.mail.pw", "", "The password of notify.mail.user.")
            .secret();
    static final Setting<String> NOTIFY_MAIL_FROM =
            Setting.text("notify.mail.from", "", "The sender of alerts.").example("pgproxy@example.com");
    static final Setting<String> NOTIFY_MAIL_TO = Setting.text(
                    "notify.mail.to", "", "The recipients of alerts by mail, separated by commas.")
            .list()
            .example("dba@example.com");

    static final List<Setting<?>> PASSWORDS = List.of(
            PG_PROXY_PW,
            PG_PROXY_STATS_PW,
            PG_PROXY_MAX_CONN,
            PG_PROXY_QUERY_TIMEOUT,
            PG_PROXY_IDLE_TIMEOUT,
            AUTH_FILE,
            AUTH_CACHE_TTL);
    static final List<Setting<?>> FILES =
            List.of(PID_FILE, IPC_UDS_PATH, LOG_FILENAME, LOG_LEVEL, LOG_CONNECTIONS, LOG_DISCONNECTIONS);
    static final List<Setting<?>> ALERTS = List.of(
            NOTIFY_COMMAND,
            NOTIFY_WEBHOOK,
            NOTIFY_MAIL_HOST,
            NOTIFY_MAIL_PORT,
            NOTIFY_MAIL_USER,
            NOTIFY_MAIL_PW,
            NOTIFY_MAIL_FROM,
            NOTIFY_MAIL_TO);

    private OperatorKeys() {}

    private static Setting<Optional<Path>> inRunDirectory(String key, String help, String file) {
        return Setting.file(key, help)
                .atStart()
                .defaultsTo(file + " in /run/pgproxy if that belongs to the user, else in $XDG_RUNTIME_DIR/pgproxy")
                .example("/run/pgproxy/" + file);
    }
}
