package dev.pgproxy.common.config;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.pgproxy.common.files.TrustedPath;
import dev.pgproxy.common.net.Endpoint;
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
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Reads {@code conf.properties}: makes a {@link ProxyConfig} from the values of the keys that {@link Keys} declares. */
public final class ConfigLoader {

    /** Parameters that define a session: two clients that differ in one of them can never share a backend. */
    private static final Set<String> NEVER_IGNORED =
            Set.of("user", "database", "replication", "options", "client_encoding");

    private static final List<String> ASKED_BY = List.of("scram-sha-256", "md5", "none");
    private static final Pattern URL = Pattern.compile("https?://[^\\s/].*");
    private static final Pattern MAIL = Pattern.compile("[^\\s@<>,]+@[^\\s@<>,]+");
    private static final Pattern CONDITION = Pattern.compile("\\s*([^=,\\s]+)\\s*=\\s*(.*?)\\s*");
    private static final Duration LONGEST_USER_TIMEOUT = Duration.ofDays(1);

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

    private ProxyConfig read() {
        return new ProxyConfig(
                listen(),
                unixSockets(),
                servers(),
                adminLogin(),
                timeouts(),
                new ProxyConfig.Limits(
                        ClientKeys.MAX_CLIENT_CONN.read(reader),
                        ClientKeys.MAX_SERVER_CONN.read(reader),
                        ClientKeys.MAX_IDLE_SERVER_CONN.read(reader),
                        ClientKeys.LISTEN_BACKLOG.read(reader),
                        limits(ClientKeys.USER_LIMITS),
                        limits(ClientKeys.DATABASE_LIMITS)),
                new ProxyConfig.Logging(
                        OperatorKeys.LOG_FILENAME.read(reader),
                        OperatorKeys.LOG_LEVEL.read(reader),
                        OperatorKeys.LOG_CONNECTIONS.read(reader),
                        OperatorKeys.LOG_DISCONNECTIONS.read(reader)),
                files(),
                tuning(),
                ClientKeys.PROXY_WORKER_NUM.read(reader),
                ClientKeys.RECV_SZ_PER_POLL.read(reader) * 1024,
                new ProxyConfig.Routing(
                        standbyUserSuffix(),
                        StartupParameters.fromText(ServerKeys.STANDBY_DATABASE_SUFFIX.read(reader)),
                        ServerKeys.STANDBY_FALLBACK.read(reader)),
                new ProxyConfig.ClientConditions(conditions(ClientKeys.IDLE_EXEMPT)),
                new ProxyConfig.ClientConditions(conditions(ClientKeys.SINGLE_USE)),
                ignoredParameters(),
                new ProxyConfig.Auth(OperatorKeys.AUTH_FILE.read(reader), OperatorKeys.AUTH_CACHE_TTL.read(reader)),
                adminDatabase(),
                failover(),
                new ProxyConfig.StandbyLimits(
                        ServerKeys.STANDBY_RETRY_NUM.read(reader),
                        ServerKeys.STANDBY_MAX_LAG_BYTES.read(reader),
                        ServerKeys.STANDBY_MAX_LAG_SECONDS.read(reader)),
                alerts(),
                reader.entries());
    }

    private List<Endpoint> listen() {
        List<Endpoint> addresses = ClientKeys.LISTEN.read(reader);
        if (addresses.isEmpty()) {
            reader.showDefault(ClientKeys.LISTEN.key(), ClientKeys.ANYWHERE.toString());
            return List.of(ClientKeys.ANYWHERE);
        }
        return addresses.stream().flatMap(ConfigLoader::allAddresses).toList();
    }

    private UnixSocketAccess unixSockets() {
        String mode = ClientKeys.UNIX_SOCKET_MODE.read(reader);
        OptionalInt bits = UnixSocketAccess.mode(mode);
        if (bits.isEmpty()) {
            reader.problem(
                    ClientKeys.UNIX_SOCKET_MODE.key(),
                    "\"" + mode + "\" is not the mode of a socket",
                    "Write three octal digits as for chmod, for example 0770; the default is "
                            + ClientKeys.UNIX_SOCKET_MODE.defaultValue() + ".");
        }
        return new UnixSocketAccess(bits.orElse(0), ClientKeys.UNIX_SOCKET_GROUP.read(reader));
    }

    /** {@code *} stands for all addresses of this host, in every address family that it has. */
    private static Stream<Endpoint> allAddresses(Endpoint address) {
        if (!(address instanceof Endpoint.Tcp tcp) || !tcp.host().equals("*")) {
            return Stream.of(address);
        }
        Endpoint ipv4 = new Endpoint.Tcp("0.0.0.0", tcp.port());
        boolean hasIpv6 = Files.exists(Path.of("/proc/net/if_inet6"));
        return hasIpv6 ? Stream.of(ipv4, new Endpoint.Tcp("::", tcp.port())) : Stream.of(ipv4);
    }

    private ProxyConfig.Servers servers() {
        Optional<Endpoint> primary = ServerKeys.MASTER.read(reader);
        Optional<Endpoint> promote = ServerKeys.PROMOTE.read(reader);
        if (promote.isPresent() && promote.equals(primary)) {
            reader.problem(ServerKeys.PROMOTE.key(), "is the primary itself", "Name the standby that is to take over.");
        }
        return new ProxyConfig.Servers(
                primary.orElse(new Endpoint.Tcp("localhost", 5432)), promote, ServerKeys.SLAVER_LIST.read(reader));
    }

    private ProxyConfig.AdminLogin adminLogin() {
        String password = ServerKeys.CONNINFO_PW.read(reader);
        return new ProxyConfig.AdminLogin(
                ServerKeys.CONNINFO_USER.read(reader),
                password,
                ServerKeys.CONNINFO_DB.read(reader),
                requireAuth(password.isEmpty()));
    }

    /** Without a password there is nothing to give away, and trust is allowed. */
    private String requireAuth(boolean isTrusted) {
        String key = ServerKeys.CONNINFO_REQUIRE_AUTH.key();
        String methods = reader.text(key, isTrusted ? "scram-sha-256,md5,none" : "scram-sha-256,md5");
        List<String> words =
                Stream.of(methods.split(",", -1)).map(String::strip).toList();
        for (String word : words) {
            if (word.equals("password")) {
                reader.problem(
                        key,
                        "password would send conninfo.pw in clear text to anybody who listens at a server's address",
                        "Have pg_hba.conf ask conninfo.user for scram-sha-256, and write scram-sha-256.");
            } else if (!ASKED_BY.contains(word)) {
                reader.problem(
                        key,
                        "\"" + word + "\" is not a method that can be required",
                        "Choose among " + String.join(", ", ASKED_BY) + ", separated by commas.");
            }
        }
        return String.join(",", words);
    }

    private ProxyConfig.Timeouts timeouts() {
        return new ProxyConfig.Timeouts(
                ClientKeys.IDLE_CNN_TIMEOUT.read(reader),
                ClientKeys.ACTIVE_CNN_TIMEOUT.read(reader),
                ClientKeys.IDLE_TRANSACTION_TIMEOUT.read(reader),
                ClientKeys.QUERY_WAIT_TIMEOUT.read(reader),
                ClientKeys.CLIENT_LOGIN_TIMEOUT.read(reader),
                ClientKeys.SERVER_CONNECT_TIMEOUT.read(reader),
                ClientKeys.SERVER_LIFETIME.read(reader),
                ClientKeys.SERVER_RESET_TIMEOUT.read(reader),
                ClientKeys.WORKER_HANG_TIMEOUT.read(reader),
                ClientKeys.CANCEL_WAIT_TIMEOUT.read(reader),
                ClientKeys.SHUTDOWN_TIMEOUT.read(reader));
    }

    private ProxyConfig.Files files() {
        String user = System.getProperty("user.name", "nobody");
        Path state = RunDirectory.chooseForState(
                user,
                System.getProperty("user.home", "/"),
                System.getenv("XDG_STATE_HOME"),
                TrustedPath::isOwnDirectory);
        Path run = RunDirectory.choose(user, System.getenv("XDG_RUNTIME_DIR"), state, TrustedPath::isOwnDirectory);
        Path socket =
                reader.path(OperatorKeys.IPC_UDS_PATH.key(), run.resolve("ipc").resolve("control.sock"));
        int bytes = socket.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
        if (bytes > Endpoint.MAX_PATH_BYTES) {
            reader.problem(
                    OperatorKeys.IPC_UDS_PATH.key(),
                    "has " + bytes + " bytes, more than a socket's path may have",
                    "Choose a path of at most " + Endpoint.MAX_PATH_BYTES + " bytes.");
        }
        return new ProxyConfig.Files(
                socket,
                reader.path(OperatorKeys.PID_FILE.key(), run.resolve("pgproxy.pid")),
                reader.path(ServerKeys.STATE_FILE.key(), state.resolve("state")));
    }

    private SocketTuning tuning() {
        return new SocketTuning(
                ClientKeys.TCP_KEEPALIVE.read(reader),
                seconds(ClientKeys.TCP_KEEPIDLE),
                seconds(ClientKeys.TCP_KEEPINTVL),
                ClientKeys.TCP_KEEPCNT.read(reader),
                userTimeoutMs());
    }

    private int userTimeoutMs() {
        Duration timeout = ClientKeys.TCP_USER_TIMEOUT.read(reader);
        if (timeout.compareTo(LONGEST_USER_TIMEOUT) > 0) {
            reader.problem(
                    ClientKeys.TCP_USER_TIMEOUT.key(),
                    "is longer than a day",
                    "Choose a shorter time; 0 leaves it to the kernel.");
            return 0;
        }
        return (int) timeout.toMillis();
    }

    private int seconds(Setting<Duration> setting) {
        return (int) Math.min(32_767, setting.read(reader).toSeconds());
    }

    /** An empty value turns the suffix off; without the key it is {@code _r}. */
    private String standbyUserSuffix() {
        return textOrOff(ServerKeys.STANDBY_USER_SUFFIX);
    }

    /** The value; the declared default when the key is not set, and nothing when its value is empty. */
    private String textOrOff(Setting<Optional<String>> setting) {
        reader.showDefault(setting.key(), setting.defaultValue());
        return setting.read(reader).orElse(reader.isSet(setting.key()) ? "" : setting.defaultValue());
    }

    private Map<String, Integer> limits(Setting<List<String>> family) {
        Map<String, Integer> limits = new TreeMap<>();
        for (String key : family.read(reader)) {
            String name = key.substring(family.prefix().length());
            if (name.isEmpty()) {
                reader.problem(key, "names no user or database", "Write " + family.key() + " = 20.");
            }
            limits.put(
                    StartupParameters.serverName(StartupParameters.fromText(name)),
                    reader.integer(key, 0, 0, ClientKeys.MOST_CONNECTIONS));
        }
        return Map.copyOf(limits);
    }

    /** With an empty value every difference splits pools; without the key it is {@code application_name}. */
    private List<String> ignoredParameters() {
        String key = ClientKeys.POOL_IGNORE_PARAMETERS.key();
        String names = textOrOff(ClientKeys.POOL_IGNORE_PARAMETERS);
        if (names.isEmpty()) {
            return List.of();
        }
        List<String> ignored = new ArrayList<>();
        for (String part : names.split(",", -1)) {
            String name = part.strip();
            if (!name.matches("[A-Za-z_][\\w.]*") || NEVER_IGNORED.contains(name)) {
                reader.problem(
                        key,
                        "\"" + name + "\" is not a parameter that clients of one pool may differ in",
                        "Write names of settings separated by commas, for example application_name, extra_float_digits.");
            }
            ignored.add(name);
        }
        return List.copyOf(ignored);
    }

    private List<Map<String, Pattern>> conditions(Setting<List<String>> family) {
        List<Map<String, Pattern>> all = new ArrayList<>();
        for (String key : family.read(reader)) {
            if (!key.substring(family.prefix().length()).matches("\\d{1,6}")) {
                reader.problem(
                        key, "has no number", "Write " + family.prefix() + "1, " + family.prefix() + "2 and so on.");
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
                    key, "\"" + text.strip() + "\" is not a condition", "Write name=regex, for example user=backup.*");
            return;
        }
        try {
            into.put(matcher.group(1), Pattern.compile(matcher.group(2)));
        } catch (PatternSyntaxException e) {
            reader.problem(
                    key,
                    "\"" + matcher.group(2) + "\" is not a regular expression: " + e.getDescription(),
                    "Write a regular expression in RE2's syntax (no lookahead, no backreference); a backslash in this file is written \\\\.");
        }
    }

    private ProxyConfig.Failover failover() {
        return new ProxyConfig.Failover(
                ServerKeys.PROMOTE_METHOD.read(reader),
                ServerKeys.PROMOTE_TIMEOUT.read(reader),
                ServerKeys.CONN_RETRY_NUM.read(reader),
                ServerKeys.CONN_RETRY_INTERVAL.read(reader),
                ServerKeys.QUERY_INTERVAL.read(reader),
                ServerKeys.PROBE_TIMEOUT.read(reader),
                ServerKeys.LO_OID.read(reader),
                ServerKeys.SWITCHOVER_TIMEOUT.read(reader),
                ServerKeys.REQUIRE_STANDBY_AGREES.read(reader),
                ServerKeys.MAX_LAG_BYTES.read(reader),
                ServerKeys.MOVE_SESSIONS.read(reader),
                ServerKeys.FENCE_OLD_PRIMARY.read(reader));
    }

    private ProxyConfig.Alerts alerts() {
        Optional<String> webhook = OperatorKeys.NOTIFY_WEBHOOK.read(reader);
        if (webhook.filter(url -> !URL.matcher(url).matches()).isPresent()) {
            reader.problem(OperatorKeys.NOTIFY_WEBHOOK.key(), "is not a URL", "Write http:// or https:// and a host.");
        }
        return new ProxyConfig.Alerts(OperatorKeys.NOTIFY_COMMAND.read(reader), webhook, mail());
    }

    private Optional<ProxyConfig.Mail> mail() {
        String host = OperatorKeys.NOTIFY_MAIL_HOST.read(reader);
        List<String> to = Stream.of(OperatorKeys.NOTIFY_MAIL_TO.read(reader).split(",", -1))
                .map(String::strip)
                .filter(address -> !address.isEmpty())
                .toList();
        ProxyConfig.Mail mail = new ProxyConfig.Mail(
                host,
                OperatorKeys.NOTIFY_MAIL_PORT.read(reader),
                OperatorKeys.NOTIFY_MAIL_USER.read(reader),
                OperatorKeys.NOTIFY_MAIL_PW.read(reader),
                OperatorKeys.NOTIFY_MAIL_FROM.read(reader),
                to);
        if (host.isEmpty()) {
            if (!to.isEmpty()) {
                reader.problem(
                        OperatorKeys.NOTIFY_MAIL_HOST.key(),
                        "is not set, so no mail can be sent",
                        "Name the mail server.");
            }
            return Optional.empty();
        }
        for (Setting<String> setting : List.of(OperatorKeys.NOTIFY_MAIL_FROM, OperatorKeys.NOTIFY_MAIL_TO)) {
            List<String> addresses = setting == OperatorKeys.NOTIFY_MAIL_TO ? to : List.of(mail.from());
            if (addresses.isEmpty()
                    || !addresses.stream()
                            .allMatch(address -> MAIL.matcher(address).matches())) {
                reader.problem(
                        setting.key(),
                        "is not an address of a mailbox",
                        "Write NAME@HOST; separate several with commas.");
            }
        }
        return Optional.of(mail);
    }

    private ProxyConfig.AdminDatabase adminDatabase() {
        String password = OperatorKeys.PG_PROXY_PW.read(reader);
        Optional<String> readerPassword = OperatorKeys.PG_PROXY_STATS_PW.read(reader);
        if (readerPassword.filter(password::equals).isPresent()) {
            reader.problem(
                    OperatorKeys.PG_PROXY_STATS_PW.key(),
                    "is the same as pg_proxy_pw, so a reader could not be told from an operator",
                    "Choose another one.");
        }
        return new ProxyConfig.AdminDatabase(
                password,
                readerPassword,
                OperatorKeys.PG_PROXY_MAX_CONN.read(reader),
                OperatorKeys.PG_PROXY_QUERY_TIMEOUT.read(reader),
                OperatorKeys.PG_PROXY_IDLE_TIMEOUT.read(reader));
    }
}
