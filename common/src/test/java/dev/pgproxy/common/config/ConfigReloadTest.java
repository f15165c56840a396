package dev.pgproxy.common.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.common.net.Endpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigReloadTest {

    private static final String REQUIRED = "master = db:5432\nconninfo.user = postgres\n";

    @TempDir
    Path directory = Path.of("");

    private ProxyConfig load(String text) throws Exception {
        Path file = directory.resolve("conf.properties");
        Files.writeString(file, REQUIRED + text);
        return ConfigLoader.load(file);
    }

    @Test
    void takesOverWhatCanChangeAndNamesTheRest() throws Exception {
        ProxyConfig before = load("max_server_conn = 10\nlisten = 127.0.0.1:9999\nlimit.user.app = 3");
        ProxyConfig after = load(
                "idle_cnn_timeout = 5\nlisten = 127.0.0.1:8888\nslaver_list = s1:5432\npg_proxy_pw = new\nlog.level = debug");
        ConfigReload.Outcome outcome = ConfigReload.merge(before, before, after);
        assertEquals(
                List.of(
                        "idle_cnn_timeout",
                        "limit.user.app",
                        "log.level",
                        "max_server_conn",
                        "pg_proxy_pw",
                        "slaver_list"),
                outcome.changed());
        assertEquals(List.of("listen"), outcome.keptBack());
        ProxyConfig inForce = outcome.inForce();
        assertEquals(Duration.ofSeconds(5), inForce.timeouts().idleConnection());
        assertEquals(0, inForce.limits().serverConnections());
        assertEquals(0, inForce.limits().ofUser().size());
        assertEquals(List.of(new Endpoint.Tcp("s1", 5432)), inForce.servers().standbys());
        assertEquals("new", inForce.adminDatabase().password());
        assertEquals(ProxyConfig.LogLevel.DEBUG, inForce.logging().level());
        assertEquals(List.of(new Endpoint.Tcp("127.0.0.1", 9999)), inForce.listen());
        assertEquals("127.0.0.1:9999", shown(inForce, "listen"));
        assertEquals("5", shown(inForce, "idle_cnn_timeout"));
    }

    /** Each key of the file is changed at once; what is in force then shows which of them a reload takes. */
    @Test
    void exactlyTheKeysThatNeedARestartKeepTheirValue() throws Exception {
        Map<String, String> others = Map.ofEntries(
                Map.entry("listen", "127.0.0.1:8888"),
                Map.entry("listen_backlog", "7"),
                Map.entry("unix_socket_mode", "0700"),
                Map.entry("unix_socket_group", "other"),
                Map.entry("recv_sz_per_poll", "8"),
                Map.entry("proxy_worker_num", "3"),
                Map.entry("pool_ignore_parameters", "TimeZone"),
                Map.entry("ipc_uds_path", "/run/other/socket"),
                Map.entry("pid_file", "/run/other/pid"),
                Map.entry("state_file", "/run/other/state"),
                Map.entry("log.filename", "/run/other/log"));
        Set<String> atStart = Keys.sections().stream()
                .flatMap(section -> section.settings().stream())
                .filter(setting -> setting.effect() == Setting.Effect.RESTART)
                .map(Setting::key)
                .collect(Collectors.toSet());
        assertEquals(others.keySet(), atStart, "a new key of this kind belongs into this test");
        ProxyConfig before = load("");
        ProxyConfig after = load(others.entrySet().stream()
                .map(entry -> entry.getKey() + " = " + entry.getValue())
                .collect(Collectors.joining("\n")));
        ConfigReload.Outcome outcome = ConfigReload.merge(before, before, after);
        assertEquals(others.keySet(), Set.copyOf(outcome.keptBack()));
        ProxyConfig inForce = outcome.inForce();
        assertEquals(before.listen(), inForce.listen());
        assertEquals(before.unixSockets(), inForce.unixSockets());
        assertEquals(before.limits(), inForce.limits());
        assertEquals(before.receiveBytes(), inForce.receiveBytes());
        assertEquals(before.workers(), inForce.workers());
        assertEquals(before.poolIgnoreParameters(), inForce.poolIgnoreParameters());
        assertEquals(before.files(), inForce.files());
        assertEquals(before.logging(), inForce.logging());
    }

    /** After a failover the file may still name the old primary, or name the current one. */
    @Test
    void whoIsPromotedNextIsTakenOverWithThePrimaryOfNow() throws Exception {
        ProxyConfig file = load("promote = s1:5432\nslaver_list = s1:5432, s2:5432");
        Endpoint promoted = new Endpoint.Tcp("s1", 5432);
        Endpoint next = new Endpoint.Tcp("s2", 5432);
        ProxyConfig current = file.withServers(new ProxyConfig.Servers(promoted, Optional.empty(), List.of(next)));
        ConfigReload.Outcome same = ConfigReload.merge(file, current, file);
        assertEquals(List.of(), same.changed());
        assertEquals(current.servers().promote(), same.inForce().servers().promote());
        assertEquals(promoted, same.inForce().servers().primary());

        ConfigReload.Outcome stale =
                ConfigReload.merge(file, current, load("promote = s2:5432\nslaver_list = s2:5432"));
        assertEquals(List.of("promote"), stale.keptBack());
        assertEquals(Optional.empty(), stale.inForce().servers().promote());

        Path conf = directory.resolve("next.properties");
        Files.writeString(
                conf, "master = s1:5432\npromote = s2:5432\nslaver_list = s2:5432\nconninfo.user = postgres\n");
        ConfigReload.Outcome taken = ConfigReload.merge(file, current, ConfigLoader.load(conf));
        assertEquals(List.of(), taken.keptBack());
        assertEquals(List.of("master", "promote", "slaver_list"), taken.changed());
        assertEquals(
                new ProxyConfig.Servers(promoted, Optional.of(next), List.of(next)),
                taken.inForce().servers());
    }

    @Test
    void aKeyThatWasTakenOutOfTheFileGoesBackToItsDefault() throws Exception {
        ProxyConfig before = load("query_wait_timeout = 7");
        ConfigReload.Outcome outcome = ConfigReload.merge(before, before, load(""));
        assertEquals(List.of("query_wait_timeout"), outcome.changed());
        assertEquals(Duration.ofMinutes(2), outcome.inForce().timeouts().queryWait());
    }

    @Test
    void clientsMayBecomeFewerButNotMoreThanAtTheStart() throws Exception {
        ProxyConfig started = load("max_client_conn = 100");
        ConfigReload.Outcome fewer = ConfigReload.merge(started, started, load("max_client_conn = 10"));
        assertEquals(10, fewer.inForce().limits().clientConnections());
        ConfigReload.Outcome more = ConfigReload.merge(started, fewer.inForce(), load("max_client_conn = 101"));
        assertEquals(List.of("max_client_conn"), more.keptBack());
        assertEquals(10, more.inForce().limits().clientConnections());
        assertEquals("10", shown(more.inForce(), "max_client_conn"));
        ConfigReload.Outcome back = ConfigReload.merge(started, fewer.inForce(), load("max_client_conn = 100"));
        assertEquals(100, back.inForce().limits().clientConnections());
    }

    private static String shown(ProxyConfig config, String key) {
        return config.entries().stream()
                .filter(entry -> entry.key().equals(key))
                .map(ConfigEntry::shownValue)
                .findFirst()
                .orElseThrow();
    }
}
