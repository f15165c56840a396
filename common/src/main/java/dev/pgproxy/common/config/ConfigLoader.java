package dev.pgproxy.common.config;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.pgproxy.common.files.TrustedPath;
import dev.pgproxy.common.protocol.StartupParameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Reads {@code conf.properties}: every key there is, its default and what it may be, one line each. */
public final class ConfigLoader {

    private static final String IDLE_EXEMPT = "disable_conds_list.";
    private static final String SINGLE_USE = "single_use_conds_list.";
    private static final String IGNORED = "pool_ignore_parameters";
    private static final String USER_LIMITS = "limit.user.";
    private static final String DATABASE_LIMITS = "limit.database.";
    private static final int MOST_CONNECTIONS = 1_000_000;

    /** Parameters by which a session is what it is: two clients that differ in one can never share a backend. */
    private static final Set<String> NEVER_IGNORED =
            Set.of("user", "database", "replication", "options", "client_encoding");

    private static final String REQUIRE_AUTH = "conninfo.require_auth";
    private static final List<String> ASKED_BY = List.of("scram-sha-256", "md5", "none");
    private static final Pattern URL = Pattern.compile("https?://[^\\s/].*");
    private static final Pattern MAIL = Pattern.compile("[^\\s@<>,]+@[^\\s@<>,]+");
    private static final Pattern CONDITION = Pattern.compile("\\s*([^=,\\s]+)\\s*=\\s*(.*?)\\s*");
    /** One for those who look, one for those who act, one for those of them who are on this host. */
    private static final int LEAST_OPERATORS = 3;

    private static final int MAX_SOCKET_PATH_BYTES = 107; // sizeof(sun_path) less the terminator
    private static final ServerAddress ANYWHERE = new ServerAddress("0.0.0.0", 9999);
    private static final Duration NONE = Duration.ZERO;
    private static final Duration LONGEST_USER_TIMEOUT = Duration.ofDays(1);
    private static final Duration SHORTEST = Duration.ofMillis(10);

    private final ConfigReader reader;

    private ConfigLoader(ConfigReader reader) {
        this.reader = reader;
    }

    /**
     * Reads and checks the file.
     *
     * @throws IOException when it cannot be read
     * @throws ConfigException with every problem in it
     */
    public static ProxyConfig load(Path path) throws IOException, ConfigException {
        PropertiesFile file = PropertiesFile.read(path);
        ConfigLoader loader = new ConfigLoader(new ConfigReader(file));
        ProxyConfig config = loader.read();
        loader.reader.finish();
        return config;
    }

    /** The names of all keys; those that a number or a name belongs to are represented by one each. */
    public static Set<String> keys() {
        ConfigLoader loader = new ConfigLoader(new ConfigReader(PropertiesFile.empty()));
        loader.read();
        loader.reader
                .knownKeys()
                .addAll(List.of(IDLE_EXEMPT + "1", SINGLE_USE + "1", USER_LIMITS + "NAME", DATABASE_LIMITS + "NAME"));
        return loader.reader.knownKeys();
    }

    private ProxyConfig read() {
        return new ProxyConfig(
                listen(),
                servers(),
                adminLogin(),
                timeouts(),
                new ProxyConfig.Limits(
                        reader.integer("max_client_conn", 10_000, 1, MOST_CONNECTIONS),
                        reader.integer("max_server_conn", 0, 0, MOST_CONNECTIONS),
                        reader.integer("max_idle_server_conn", 50, 0, MOST_CONNECTIONS),
                        reader.integer("listen_backlog", 1024, 1, 65_535),
                        limits(USER_LIMITS),
                        limits(DATABASE_LIMITS)),
                new ProxyConfig.Logging(
                        reader.path("log.filename"),
                        reader.choice("log.level", ProxyConfig.LogLevel.class, ProxyConfig.LogLevel.INFO),
                        reader.onOff("log.connections", false),
                        reader.onOff("log.disconnections", false)),
                files(),
                tuning(),
                reader.integer("proxy_worker_num", Runtime.getRuntime().availableProcessors(), 1, 1024),
                reader.integer("recv_sz_per_poll", 64, 1, 16_384) * 1024,
                new ProxyConfig.Routing(
                        standbyUserSuffix(),
                        StartupParameters.fromText(reader.text("route.standby_database_suffix", "")),
                        reader.choice(
                                "route.standby_fallback",
                                ProxyConfig.StandbyFallback.class,
                                ProxyConfig.StandbyFallback.PRIMARY)),
                new ProxyConfig.ClientConditions(conditions(IDLE_EXEMPT)),
                new ProxyConfig.ClientConditions(conditions(SINGLE_USE)),
                ignoredParameters(),
                new ProxyConfig.Auth(
                        reader.path("auth_file"), reader.duration("auth_cache_ttl", Duration.ofSeconds(10), NONE)),
                adminDatabase(),
                failover(),
                new ProxyConfig.StandbyLimits(
                        reader.integer("standby_retry_num", 3, 1, 1000),
                        reader.number("standby_max_lag_bytes", 0, 0, Long.MAX_VALUE),
                        reader.duration("standby_max_lag_seconds", NONE, NONE)),
                alerts(),
                reader.entries());
    }

    private List<ServerAddress> listen() {
        List<ServerAddress> addresses = reader.addresses("listen", 0);
        if (addresses.isEmpty()) {
            reader.showDefault("listen", ANYWHERE.toString());
            return List.of(ANYWHERE);
        }
        return addresses.stream().flatMap(ConfigLoader::allAddresses).toList();
    }

    /** {@code *} stands for all addresses of this host, of every kind that it has. */
    private static Stream<ServerAddress> allAddresses(ServerAddress address) {
        if (!address.host().equals("*")) {
            return Stream.of(address);
        }
        ServerAddress ipv4 = new ServerAddress("0.0.0.0", address.port());
        boolean hasIpv6 = Files.exists(Path.of("/proc/net/if_inet6"));
        return hasIpv6 ? Stream.of(ipv4, new ServerAddress("::", address.port())) : Stream.of(ipv4);
    }

    private ProxyConfig.Servers servers() {
        reader.requiredText("master", "10.0.0.1:5432");
        Optional<ServerAddress> primary = reader.address("master");
        Optional<ServerAddress> promote = reader.address("promote");
        if (promote.isPresent() && promote.equals(primary)) {
            reader.problem("promote", "is the primary itself", "Name the standby that is to take over.");
        }
        return new ProxyConfig.Servers(
                primary.orElse(new ServerAddress("localhost", 5432)), promote, reader.addresses("slaver_list", 1));
    }

    private ProxyConfig.AdminLogin adminLogin() {
        String password = reader.text("conninfo.pw", "");
        return new ProxyConfig.AdminLogin(
                reader.requiredText("conninfo.user", "postgres"),
                password,
                reader.text("conninfo.db", "postgres"),
                requireAuth(password.isEmpty()));
    }

    /** Who has no password has nothing to give away, and may be trusted. */
    private String requireAuth(boolean isTrusted) {
        String methods = reader.text(REQUIRE_AUTH, isTrusted ? "scram-sha-256,md5,none" : "scram-sha-256,md5");
        List<String> words =
                Stream.of(methods.split(",", -1)).map(String::strip).toList();
        for (String word : words) {
            if (word.equals("password")) {
                reader.problem(
                        REQUIRE_AUTH,
                        "password would send conninfo.pw in clear text to whoever listens at a server's address",
                        "Let pg_hba.conf ask conninfo.user for scram-sha-256, and write scram-sha-256.");
            } else if (!ASKED_BY.contains(word)) {
                reader.problem(
                        REQUIRE_AUTH,
                        "\"" + word + "\" is no method that can be required",
                        "Choose among " + String.join(", ", ASKED_BY) + ", separated by commas.");
            }
        }
        return String.join(",", words);
    }

    private ProxyConfig.Timeouts timeouts() {
        return new ProxyConfig.Timeouts(
                reader.duration("idle_cnn_timeout", Duration.ofSeconds(300), SHORTEST),
                reader.duration("active_cnn_timeout", Duration.ofSeconds(300), NONE),
                reader.duration("idle_transaction_timeout", NONE, NONE),
                reader.duration("query_wait_timeout", Duration.ofSeconds(120), SHORTEST),
                reader.duration("client_login_timeout", Duration.ofSeconds(60), SHORTEST),
                reader.duration("server_connect_timeout", Duration.ofSeconds(15), SHORTEST),
                reader.duration("server_lifetime", Duration.ofSeconds(3600), SHORTEST),
                reader.duration("server_reset_timeout", Duration.ofSeconds(10), SHORTEST),
                reader.duration("worker_hang_timeout", Duration.ofSeconds(10), Duration.ofSeconds(1)),
                reader.duration("cancel_wait_timeout", Duration.ofSeconds(10), SHORTEST),
                reader.duration("shutdown_timeout", Duration.ofSeconds(10), SHORTEST));
    }

    private ProxyConfig.Files files() {
        String user = System.getProperty("user.name", "nobody");
        Path state = RunDirectory.chooseForState(
                user,
                System.getProperty("user.home", "/"),
                System.getenv("XDG_STATE_HOME"),
                TrustedPath::isOwnDirectory);
        Path run = RunDirectory.choose(user, System.getenv("XDG_RUNTIME_DIR"), state, TrustedPath::isOwnDirectory);
        Path socket = reader.path("ipc_uds_path", run.resolve("ipc").resolve("control.sock"));
        int bytes = socket.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
        if (bytes > MAX_SOCKET_PATH_BYTES) {
            reader.problem(
                    "ipc_uds_path",
                    "has " + bytes + " bytes, more than a socket's path may have",
                    "Choose a path of at most " + MAX_SOCKET_PATH_BYTES + " bytes.");
        }
        return new ProxyConfig.Files(
                socket,
                reader.path("pid_file", run.resolve("pgproxy.pid")),
                reader.path("state_file", state.resolve("state")));
    }

    private SocketTuning tuning() {
        return new SocketTuning(
                reader.onOff("tcp_keepalive", true),
                seconds("tcp_keepidle", 60),
                seconds("tcp_keepintvl", 10),
                reader.integer("tcp_keepcnt", 6, 1, 127),
                userTimeoutMs());
    }

    private int userTimeoutMs() {
        Duration timeout = reader.duration("tcp_user_timeout", NONE, NONE);
        if (timeout.compareTo(LONGEST_USER_TIMEOUT) > 0) {
            reader.problem(
                    "tcp_user_timeout", "is longer than a day", "Choose a shorter time; 0 leaves it to the kernel.");
            return 0;
        }
        return (int) timeout.toMillis();
    }

    private int seconds(String key, int defaultSeconds) {
        Duration value = reader.duration(key, Duration.ofSeconds(defaultSeconds), Duration.ofSeconds(1));
        return (int) Math.min(32_767, value.toSeconds());
    }

    /** Set to nothing, the key turns the suffix off; not set, it is {@code _r}. */
    private String standbyUserSuffix() {
        reader.showDefault("route.standby_user_suffix", "_r");
        Optional<String> suffix = reader.text("route.standby_user_suffix");
        return suffix.orElse(reader.isSet("route.standby_user_suffix") ? "" : "_r");
    }

    private Map<String, Integer> limits(String prefix) {
        Map<String, Integer> limits = new TreeMap<>();
        for (String key : reader.keysWithPrefix(prefix)) {
            String name = key.substring(prefix.length());
            if (name.isEmpty()) {
                reader.problem(key, "names nobody", "Write " + prefix + "NAME = 20.");
            }
            limits.put(
                    StartupParameters.serverName(StartupParameters.fromText(name)),
                    reader.integer(key, 0, 0, MOST_CONNECTIONS));
        }
        return Map.copyOf(limits);
    }

    /** Set to nothing, the key lets every difference split pools; not set, it is {@code application_name}. */
    private List<String> ignoredParameters() {
        reader.showDefault(IGNORED, StartupParameters.APPLICATION_NAME);
        Optional<String> names = reader.text(IGNORED);
        if (names.isEmpty()) {
            return reader.isSet(IGNORED) ? List.of() : List.of(StartupParameters.APPLICATION_NAME);
        }
        List<String> ignored = new ArrayList<>();
        for (String part : names.get().split(",", -1)) {
            String name = part.strip();
            if (!name.matches("[A-Za-z_][\\w.]*") || NEVER_IGNORED.contains(name)) {
                reader.problem(
                        IGNORED,
                        "\"" + name + "\" is no parameter that clients of one pool may differ in",
                        "Write names of settings separated by commas, for example application_name, extra_float_digits.");
            }
            ignored.add(name);
        }
        return List.copyOf(ignored);
    }

    private List<Map<String, Pattern>> conditions(String prefix) {
        List<Map<String, Pattern>> all = new ArrayList<>();
        for (String key : reader.keysWithPrefix(prefix)) {
            if (!key.substring(prefix.length()).matches("\\d{1,6}")) {
                reader.problem(key, "has no number", "Write " + prefix + "1, " + prefix + "2 and so on.");
                continue;
            }
            Map<String, Pattern> one = new HashMap<>();
            // A comma separates conditions only before the next name=, so that patterns may hold commas of their own.
            for (String part : reader.text(key).orElse("").split(",(?=\\s*[A-Za-z_][\\w.]*\\s*=)", -1)) {
                condition(key, part, one);
            }
            all.add(Map.copyOf(one));
        }
        return List.copyOf(all);
    }

    private void condition(String key, String text, Map<String, Pattern> into) {
        Matcher matcher = CONDITION.matcher(text);
        if (!matcher.matches()) {
            reader.problem(
                    key, "\"" + text.strip() + "\" is no condition", "Write name=regex, for example user=backup.*");
            return;
        }
        try {
            into.put(matcher.group(1), Pattern.compile(matcher.group(2)));
        } catch (PatternSyntaxException e) {
            reader.problem(
                    key,
                    "\"" + matcher.group(2) + "\" is no regular expression: " + e.getDescription(),
                    "Write a regular expression as RE2 has them (no lookahead, no backreference); a backslash in this file is written \\\\.");
        }
    }

    private ProxyConfig.Failover failover() {
        return new ProxyConfig.Failover(
                reader.choice("promote_method", ProxyConfig.PromoteMethod.class, ProxyConfig.PromoteMethod.AUTO),
                reader.duration("promote_timeout", Duration.ofSeconds(60), SHORTEST),
                reader.integer("conninfo.conn_retry_num", 5, 1, 1000),
                reader.duration("conninfo.conn_retry_interval", Duration.ofSeconds(6), SHORTEST),
                reader.duration("conninfo.query_interval", Duration.ofSeconds(30), SHORTEST),
                reader.duration("failover.probe_timeout", Duration.ofSeconds(5), Duration.ofMillis(100)),
                reader.integer("conninfo.lo_oid", 9999, 1, Integer.MAX_VALUE),
                reader.duration("failover.switchover_timeout", Duration.ofSeconds(30), SHORTEST),
                reader.onOff("failover.require_standby_agrees", true),
                reader.number("failover.max_lag_bytes", 0, 0, Long.MAX_VALUE),
                reader.onOff("failover.move_sessions", true),
                reader.onOff("failover.fence_old_primary", false));
    }

    private ProxyConfig.Alerts alerts() {
        Optional<String> webhook = reader.text("notify.webhook");
        if (webhook.filter(url -> !URL.matcher(url).matches()).isPresent()) {
            reader.problem("notify.webhook", "is not a URL", "Write http:// or https:// and a host.");
        }
        return new ProxyConfig.Alerts(reader.path("notify.command"), webhook, mail());
    }

    private Optional<ProxyConfig.Mail> mail() {
        String host = reader.text("notify.mail.host", "");
        List<String> to = Stream.of(reader.text("notify.mail.to", "").split(",", -1))
                .map(String::strip)
                .filter(address -> !address.isEmpty())
                .toList();
        ProxyConfig.Mail mail = new ProxyConfig.Mail(
                host,
                reader.integer("notify.mail.port", 25, 1, 65_535),
                reader.text("notify.mail.user", ""),
                reader.text("notify.mail.pw", ""),
                reader.text("notify.mail.from", ""),
                to);
        if (host.isEmpty()) {
            if (!to.isEmpty()) {
                reader.problem("notify.mail.host", "is not set, so no mail can be sent", "Name the mail server.");
            }
            return Optional.empty();
        }
        for (String key : List.of("notify.mail.from", "notify.mail.to")) {
            List<String> addresses = key.endsWith("from") ? List.of(mail.from()) : to;
            if (addresses.isEmpty()
                    || !addresses.stream()
                            .allMatch(address -> MAIL.matcher(address).matches())) {
                reader.problem(key, "is no address of a mailbox", "Write NAME@HOST; several to with commas.");
            }
        }
        return Optional.of(mail);
    }

    private ProxyConfig.AdminDatabase adminDatabase() {
        String password = reader.text("pg_proxy_pw", ProxyConfig.AdminDatabase.DEFAULT_PASSWORD);
        Optional<String> readerPassword = reader.text("pg_proxy_stats_pw");
        if (readerPassword.filter(password::equals).isPresent()) {
            reader.problem(
                    "pg_proxy_stats_pw",
                    "is the same as pg_proxy_pw, so nobody could tell a reader from an operator",
                    "Choose another one.");
        }
        return new ProxyConfig.AdminDatabase(
                password,
                readerPassword,
                reader.integer("pg_proxy_max_conn", 20, LEAST_OPERATORS, 1000),
                reader.duration("pg_proxy_query_timeout", Duration.ofSeconds(10), SHORTEST),
                reader.duration("pg_proxy_idle_timeout", Duration.ofHours(1), NONE));
    }
}
