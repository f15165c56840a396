package dev.pgproxy.common.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.common.protocol.StartupParameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {

    private static final String REQUIRED = "master = 10.0.0.1:5432\nconninfo.user = postgres\n";

    @TempDir
    private Path directory = Path.of("");

    private ProxyConfig load(String text) throws IOException, ConfigException {
        return ConfigLoader.load(Files.writeString(directory.resolve("conf"), text));
    }

    private List<ConfigProblem> problems(String text) {
        return assertThrows(ConfigException.class, () -> load(text)).problems();
    }

    @Test
    void refusesValuesThatNoMessageBetweenProcessesCouldCarry() {
        String addresses = "a@b.example,".repeat(2_000) + "a@b.example";
        String problems = problems(REQUIRED
                        + "notify.mail.host = mail.example\nnotify.mail.from = a@b.example\nnotify.mail.to = "
                        + addresses
                        + "\nconninfo.pw = " + "x".repeat(1_001)
                        + "\nlimit.user." + "n".repeat(300) + " = 1\n")
                .toString();
        assertTrue(problems.contains("notify.mail.to: has 24011 bytes"), problems);
        assertTrue(problems.contains("conninfo.pw: has 1001 bytes"), problems);
        assertTrue(problems.contains("is a key of 311 bytes"), problems);
    }

    @Test
    void fillsInTheDefaults() throws Exception {
        ProxyConfig config = load(REQUIRED);
        assertEquals(List.of(new Endpoint.Tcp("0.0.0.0", 9999)), config.listen());
        assertEquals(new Endpoint.Tcp("10.0.0.1", 5432), config.servers().primary());
        assertEquals(Optional.empty(), config.servers().promote());
        assertEquals(Duration.ofMinutes(5), config.timeouts().idleConnection());
        assertEquals(65_536, config.receiveBytes());
        assertEquals(10_000, config.limits().clientConnections());
        assertEquals(0, config.limits().serverConnections());
        assertEquals("_r", config.routing().standbyUserSuffix());
        assertEquals(List.of("application_name"), config.poolIgnoreParameters());
        assertTrue(config.alerts().isEmpty());
    }

    @ParameterizedTest
    @CsvSource({"30,30000", "0.5,500", "500ms,500", "5s,5000", "2min,120000", "1h,3600000", "1.5 s,1500"})
    void readsTimes(String text, long expectedMs) throws Exception {
        assertEquals(
                expectedMs,
                load(REQUIRED + "query_wait_timeout = " + text)
                        .timeouts()
                        .queryWait()
                        .toMillis());
    }

    @ParameterizedTest
    @ValueSource(strings = {"soon", "-1", "1 week", "", "5 5", "99999999999999999999h"})
    void refusesWhatIsNoTime(String text) throws Exception {
        if (text.isEmpty()) {
            assertEquals(
                    120,
                    load(REQUIRED + "query_wait_timeout =")
                            .timeouts()
                            .queryWait()
                            .toSeconds());
        } else {
            assertEquals(
                    2 + 1,
                    problems(REQUIRED + "query_wait_timeout = " + text).get(0).line());
        }
    }

    @Test
    void readsAddressesOfBothFamiliesAndNames() throws Exception {
        ProxyConfig config = load(REQUIRED + "listen = 127.0.0.1:1, [::1]:2,db.example.com:3");
        assertEquals(
                List.of(
                        new Endpoint.Tcp("127.0.0.1", 1),
                        new Endpoint.Tcp("::1", 2),
                        new Endpoint.Tcp("db.example.com", 3)),
                config.listen());
        assertEquals("[::1]:2", config.listen().get(1).toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "host",
                "300.1.1.1:5432",
                "1.2.3:5432",
                "host:",
                ":5432",
                "host:0",
                "host:65536",
                "::1:5432",
                "a:1,,b:2",
                "a:1, a:1"
            })
    void refusesBadAddresses(String text) {
        assertEquals(
                "slaver_list",
                problems(REQUIRED + "slaver_list = " + text).get(0).key());
    }

    @Test
    void reportsAllProblemsWithTheirLines() {
        List<ConfigProblem> problems = problems("# comment\nlisten = x\\\n  y\n\nmax_client_conn = 0\nmastre = a:1\n");
        assertEquals(
                List.of("conninfo.user", "listen", "master", "mastre", "max_client_conn"),
                problems.stream().map(ConfigProblem::key).sorted().toList());
        assertEquals(2, line(problems, "listen"));
        assertEquals(5, line(problems, "max_client_conn"));
        assertEquals(6, line(problems, "mastre"));
        assertEquals(0, line(problems, "master"));
        assertTrue(problems.stream().anyMatch(problem -> problem.remedy().equals("Did you mean master?")));
    }

    private static int line(List<ConfigProblem> problems, String key) {
        return problems.stream()
                .filter(problem -> problem.key().equals(key))
                .findFirst()
                .orElseThrow()
                .line();
    }

    @Test
    void refusesAKeyThatStandsTwice() {
        ConfigProblem problem = problems(REQUIRED + "master = 10.0.0.2:5432").get(0);
        assertEquals(3, problem.line());
        assertTrue(problem.problem().contains("line 1"));
    }

    @Test
    void readsExemptionsWithCommasInsidePatterns() throws Exception {
        ProxyConfig config =
                load(REQUIRED + "disable_conds_list.1 = user=a{1,2}b, database=x\ndisable_conds_list.2=user=c");
        Map<String, com.google.re2j.Pattern> first =
                config.exemptions().conditions().get(0);
        assertEquals("a{1,2}b", String.valueOf(first.get("user")));
        assertEquals("x", String.valueOf(first.get("database")));
        assertEquals(
                "disable_conds_list.x",
                problems(REQUIRED + "disable_conds_list.x = user=a").get(0).key());
        assertEquals(
                "disable_conds_list.1",
                problems(REQUIRED + "disable_conds_list.1 = user=(").get(0).key());
    }

    private static StartupParameters parameters(String user, String database) throws Exception {
        byte[] packet = FrontendMessage.startup(
                3 << 16,
                List.of(
                        new StartupParameters.Parameter("user", user),
                        new StartupParameters.Parameter("database", database)));
        return ((StartupPacket.Startup) StartupPacketDecoder.decode(packet)).parameters();
    }

    @Test
    void exemptsOnlyWhoMatchesAWholeCondition() throws Exception {
        ProxyConfig.ClientConditions exemptions = load(REQUIRED
                        + "disable_conds_list.1 = user=backup.*, database=x\ndisable_conds_list.2 = options=y")
                .exemptions();
        assertTrue(exemptions.match(parameters("backup1", "x")));
        assertFalse(exemptions.match(parameters("backup1", "xx")), "a pattern is for the whole value");
        assertFalse(exemptions.match(parameters("app", "x")));
    }

    @Test
    void aPatternTakesLinearTime() throws Exception {
        ProxyConfig.ClientConditions exemptions =
                load(REQUIRED + "disable_conds_list.1 = user=(a*)*b").exemptions();
        assertFalse(exemptions.match(parameters("a".repeat(5_000), "x")));
    }

    @Test
    void readsLimitsByName() throws Exception {
        ProxyConfig.Limits limits = load(REQUIRED + "limit.user.app = 20\nlimit.database.b\u00fccher = 3")
                .limits();
        assertEquals(Map.of("app", 20), limits.ofUser());
        assertEquals(Map.of(StartupParameters.fromText("b\u00fccher"), 3), limits.ofDatabase());
        assertEquals(
                List.of("limit.user.", "limit.user.app"),
                problems(REQUIRED + "limit.user.app = many\nlimit.user. = 1").stream()
                        .map(ConfigProblem::key)
                        .sorted()
                        .toList());
    }

    @Test
    void refusesToIgnoreWhatMakesASession() throws Exception {
        assertEquals(
                List.of("extra_float_digits", "TimeZone"),
                load(REQUIRED + "pool_ignore_parameters = extra_float_digits, TimeZone")
                        .poolIgnoreParameters());
        assertEquals(List.of(), load(REQUIRED + "pool_ignore_parameters =").poolIgnoreParameters());
        assertEquals(1, problems(REQUIRED + "pool_ignore_parameters = user").size());
    }

    @Test
    void suffixSetToNothingIsNoSuffix() throws Exception {
        assertEquals(
                "", load(REQUIRED + "route.standby_user_suffix =").routing().standbyUserSuffix());
    }

    @Test
    void passwordsAreInNoDescription() throws Exception {
        ProxyConfig config = load(REQUIRED + "conninfo.pw = hush\npg_proxy_pw = hush");
        assertEquals("hush", config.adminLogin().password());
        assertFalse(config.adminLogin().toString().contains("hush"));
        assertFalse(config.toString().contains("hush"));
    }

    @Test
    void everyKeyIsShownWithItsValueAndLineAndNoPassword() throws Exception {
        ProxyConfig config = load(REQUIRED + "conninfo.pw = hush\nidle_cnn_timeout = 5min\nlimit.user.app = 3");
        ConfigEntry timeout = entry(config, "idle_cnn_timeout");
        assertEquals("5min", timeout.value());
        assertEquals("300", timeout.defaultValue());
        assertTrue(timeout.line() > 0);
        assertTrue(timeout.isReloadable());
        assertEquals("3", entry(config, "limit.user.app").value());
        assertEquals(0, entry(config, "max_server_conn").line());
        assertEquals("0", entry(config, "max_server_conn").value());
        assertEquals("********", entry(config, "conninfo.pw").shownValue());
        assertEquals("********", entry(config, "pg_proxy_pw").shownValue());
        assertEquals("", entry(config, "pg_proxy_stats_pw").shownValue());
        assertFalse(entry(config, "listen").isReloadable());
    }

    private static ConfigEntry entry(ProxyConfig config, String key) {
        return config.entries().stream()
                .filter(entry -> entry.key().equals(key))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aReaderOfPgProxyNeedsAPasswordOfHisOwn() {
        ConfigException problems = assertThrows(
                ConfigException.class, () -> load(REQUIRED + "pg_proxy_pw = one\npg_proxy_stats_pw = one"));
        assertTrue(String.valueOf(problems.getMessage()).contains("pg_proxy_stats_pw"));
    }
}
