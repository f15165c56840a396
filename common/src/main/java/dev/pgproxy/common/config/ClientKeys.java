package dev.pgproxy.common.config;

import dev.pgproxy.common.net.Endpoint;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The keys about clients and the connections that serve them: where they connect, pooling, limits and time limits. */
final class ClientKeys {

    static final int MOST_CONNECTIONS = 1_000_000;
    private static final String CONDITIONS = "name=regex pairs, separated by commas";
    private static final String A_LIMIT = "integer, 0 to " + MOST_CONNECTIONS;

    /** Where clients connect unless the file says otherwise. */
    static final Endpoint ANYWHERE = new Endpoint.Tcp("0.0.0.0", 9999);

    static final Setting<List<Endpoint>> LISTEN = Setting.addresses(
                    "listen",
                    0,
                    "Where clients connect; *:9999 for all addresses of this host, port 0 for one that the system chooses.")
            .atStart()
            .defaultsTo(ANYWHERE.toString())
            .example("[::1]:9999,127.0.0.1:9999,unix:/run/pgproxy:9999")
            .see("unix_socket_mode", "docs/unix-sockets.md");
    static final Setting<String> UNIX_SOCKET_MODE = Setting.mode(
                    "unix_socket_mode",
                    "0777",
                    "Who may connect to the Unix sockets of listen, as for chmod: those who may write to them.")
            .atStart()
            .see("unix_socket_group");
    static final Setting<Optional<String>> UNIX_SOCKET_GROUP = Setting.text(
                    "unix_socket_group", "The group that the Unix sockets of listen belong to.")
            .atStart()
            .defaultsTo("the group of pgproxy's user")
            .example("pgproxy-clients")
            .see("unix_socket_mode");

    static final Setting<Duration> IDLE_CNN_TIMEOUT = Setting.time(
                    "idle_cnn_timeout",
                    Duration.ofMinutes(5),
                    Setting.SHORTEST,
                    "How long a connection to a server waits for its next client.")
            .see("max_idle_server_conn");
    static final Setting<Duration> SERVER_LIFETIME = Setting.time(
            "server_lifetime",
            Duration.ofHours(1),
            Setting.SHORTEST,
            "Age at which a connection to a server is not used again; each one ends up to a tenth earlier.");
    static final Setting<Optional<String>> POOL_IGNORE_PARAMETERS = Setting.text(
                    "pool_ignore_parameters",
                    "Startup parameters that clients of one pool may differ in, each of which gets its own values; set to"
                            + " nothing, every difference counts.")
            .atStart()
            .list()
            .defaultsTo("application_name")
            .example("application_name,extra_float_digits")
            .see("docs/pooling.md");
    static final Setting<Duration> ACTIVE_CNN_TIMEOUT = Setting.time(
                    "active_cnn_timeout",
                    Duration.ofMinutes(5),
                    Duration.ZERO,
                    "How long a client may be idle until it is disconnected (57P05).")
            .see("disable_conds_list.N");
    static final Setting<List<String>> IDLE_EXEMPT = Setting.family(
                    "disable_conds_list.", "N", CONDITIONS, "Clients that are exempt from active_cnn_timeout.")
            .list()
            .example("user=backup.*, database=postgres");
    static final Setting<List<String>> SINGLE_USE = Setting.family(
                    "single_use_conds_list.",
                    "N",
                    CONDITIONS,
                    "Clients whose connection to the server is closed when they leave.")
            .list()
            .example("user=reporting")
            .see("docs/pooling.md");
    static final Setting<Duration> IDLE_TRANSACTION_TIMEOUT = Setting.time(
            "idle_transaction_timeout",
            Duration.ZERO,
            Duration.ZERO,
            "How long a client may leave a transaction idle until it is disconnected (25P03).");
    static final Setting<Integer> RECV_SZ_PER_POLL = Setting.integer(
                    "recv_sz_per_poll",
                    64,
                    1,
                    16_384,
                    "KiB read from a connection at a time; a slow receiver costs up to as much memory.")
            .atStart();
    static final Setting<Integer> PROXY_WORKER_NUM = Setting.integer(
                    "proxy_worker_num", Runtime.getRuntime().availableProcessors(), 1, 1024, "Number of pool-workers.")
            .atStart()
            .defaultsTo("the number of processor cores")
            .example("2");

    static final Setting<Integer> MAX_CLIENT_CONN = Setting.integer(
                    "max_client_conn",
                    10_000,
                    1,
                    MOST_CONNECTIONS,
                    "Clients at once, over all workers; the next one is refused (53300).")
            .takesEffect(Setting.Effect.RELOAD_UP_TO_START);
    static final Setting<Integer> MAX_SERVER_CONN = Setting.integer(
                    "max_server_conn",
                    0,
                    0,
                    MOST_CONNECTIONS,
                    "Connections to each server at once, over all workers; 0 for no limit. Clients above it wait.")
            .see("query_wait_timeout", "limit.user.NAME", "docs/pooling.md");
    static final Setting<Integer> MAX_IDLE_SERVER_CONN = Setting.integer(
            "max_idle_server_conn",
            50,
            0,
            MOST_CONNECTIONS,
            "Idle connections to each server at once, over all workers; 0 for no limit.");
    static final Setting<List<String>> USER_LIMITS = Setting.family(
                    "limit.user.", "NAME", A_LIMIT, "Connections to each server for this user.")
            .example("20");
    static final Setting<List<String>> DATABASE_LIMITS = Setting.family(
                    "limit.database.", "NAME", A_LIMIT, "Connections to each server for this database.")
            .example("20");
    static final Setting<Integer> LISTEN_BACKLOG = Setting.integer(
                    "listen_backlog", 1024, 1, 65_535, "Connections that the kernel holds until they are accepted.")
            .atStart();
    static final Setting<Duration> QUERY_WAIT_TIMEOUT = Setting.time(
                    "query_wait_timeout",
                    Duration.ofMinutes(2),
                    Setting.SHORTEST,
                    "How long a client may wait for a connection to a server.")
            .see("max_server_conn");
    static final Setting<Duration> CLIENT_LOGIN_TIMEOUT = Setting.time(
            "client_login_timeout",
            Duration.ofSeconds(60),
            Setting.SHORTEST,
            "How long a login may take, without the time that the client waits for a connection.");
    static final Setting<Duration> SERVER_CONNECT_TIMEOUT = Setting.time(
            "server_connect_timeout",
            Duration.ofSeconds(15),
            Setting.SHORTEST,
            "How long it may take to connect to a server.");
    static final Setting<Duration> SERVER_RESET_TIMEOUT = Setting.time(
                    "server_reset_timeout",
                    Duration.ofSeconds(10),
                    Setting.SHORTEST,
                    "How long a connection may take to become ready for its next client.")
            .see("docs/pooling.md");
    static final Setting<Duration> CANCEL_WAIT_TIMEOUT = Setting.time(
            "cancel_wait_timeout",
            Duration.ofSeconds(10),
            Setting.SHORTEST,
            "How long a CancelRequest may take to reach a server.");
    static final Setting<Duration> WORKER_HANG_TIMEOUT = Setting.time(
            "worker_hang_timeout",
            Duration.ofSeconds(10),
            Duration.ofSeconds(1),
            "How long a worker may be silent until it is killed and replaced.");
    static final Setting<Duration> SHUTDOWN_TIMEOUT = Setting.time(
            "shutdown_timeout",
            Duration.ofSeconds(10),
            Setting.SHORTEST,
            "How long sessions may take to end after SIGTERM.");

    static final Setting<Boolean> TCP_KEEPALIVE =
            Setting.onOff("tcp_keepalive", true, "Whether the kernel probes silent connections.");
    static final Setting<Duration> TCP_KEEPIDLE =
            seconds("tcp_keepidle", 60, "Silence after which the kernel probes a connection; whole seconds.");
    static final Setting<Duration> TCP_KEEPINTVL =
            seconds("tcp_keepintvl", 10, "Pause between two of these probes; whole seconds.");
    static final Setting<Integer> TCP_KEEPCNT =
            Setting.integer("tcp_keepcnt", 6, 1, 127, "Probes that may fail until the connection is broken.");
    static final Setting<Duration> TCP_USER_TIMEOUT = Setting.time(
            "tcp_user_timeout",
            Duration.ZERO,
            Duration.ZERO,
            "How long sent data may stay unacknowledged until the connection is broken, a day at most; 0 leaves it to the"
                    + " kernel.");

    static final List<Setting<?>> ENTRANCE = List.of(LISTEN, LISTEN_BACKLOG, UNIX_SOCKET_MODE, UNIX_SOCKET_GROUP);
    static final List<Setting<?>> POOLING = List.of(
            IDLE_CNN_TIMEOUT,
            SERVER_LIFETIME,
            POOL_IGNORE_PARAMETERS,
            ACTIVE_CNN_TIMEOUT,
            IDLE_EXEMPT,
            SINGLE_USE,
            IDLE_TRANSACTION_TIMEOUT,
            RECV_SZ_PER_POLL,
            PROXY_WORKER_NUM);
    static final List<Setting<?>> LIMITS = List.of(
            MAX_CLIENT_CONN,
            MAX_SERVER_CONN,
            MAX_IDLE_SERVER_CONN,
            USER_LIMITS,
            DATABASE_LIMITS,
            QUERY_WAIT_TIMEOUT,
            CLIENT_LOGIN_TIMEOUT,
            SERVER_CONNECT_TIMEOUT,
            SERVER_RESET_TIMEOUT,
            CANCEL_WAIT_TIMEOUT,
            WORKER_HANG_TIMEOUT,
            SHUTDOWN_TIMEOUT);
    static final List<Setting<?>> NETWORK =
            List.of(TCP_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_USER_TIMEOUT);

    private ClientKeys() {}

    private static Setting<Duration> seconds(String key, int defaultSeconds, String help) {
        return Setting.time(key, Duration.ofSeconds(defaultSeconds), Duration.ofSeconds(1), help);
    }
}
