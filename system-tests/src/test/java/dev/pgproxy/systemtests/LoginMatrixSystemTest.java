package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireLogin;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every authentication method, on a new backend and on a warm one, with every way to fail: the proxy's answer is the server's own,
 * message for message.
 */
class LoginMatrixSystemTest {

    /** How the server asks, and how it stores the password. */
    private enum Method {
        TRUST("trust", "scram-sha-256"),
        PASSWORD("password", "scram-sha-256"),
        PASSWORD_OVER_MD5("password", "md5"),
        MD5("md5", "md5"),
        SCRAM("scram-sha-256", "scram-sha-256");

        private final String access;
        private final String encryption;

        Method(String access, String encryption) {
            this.access = access;
            this.encryption = encryption;
        }

        private String database() {
            return "db_" + name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /** What happens to the role before the attempt, and the password of the attempt. */
    private enum Case {
        RIGHT("", "right"),
        WRONG("", "wrong"),
        EMPTY("", ""),
        UNKNOWN_ROLE("", "right"),
        EXPIRED("alter role %s valid until 'yesterday'", "right"),
        NOLOGIN("alter role %s nologin", "right"),
        CHANGED_AND_OLD("alter role %s password 'new'", "right"),
        CHANGED_AND_NEW("alter role %s password 'new'", "new"),
        DROPPED("drop role %s", "right");

        private final String change;
        private final String password;

        Case(String change, String password) {
            this.change = change;
            this.password = password;
        }
    }

    private record Place(PostgresCluster cluster, ProxyProcess proxy) implements AutoCloseable {
        private static Place of(int major) {
            List<String> access = new ArrayList<>();
            for (Method method : Method.values()) {
                access.add("host " + method.database() + " all 127.0.0.1/32 " + method.access);
            }
            PostgresCluster cluster =
                    PostgresCluster.start(PostgresCluster.Options.of(major).withAccess(access.toArray(new String[0])));
            for (Method method : Method.values()) {
                cluster.primary().sql("create database " + method.database());
            }
            return new Place(
                    cluster, Fixture.proxy(cluster, "slaver_list =", "proxy_worker_num = 1", "auth_cache_ttl = 0"));
        }

        @Override
        public void close() {
            proxy.close();
            cluster.close();
        }
    }

    private static final Map<Integer, Place> PLACES = new ConcurrentHashMap<>();
    private static final AtomicInteger ROLES = new AtomicInteger();

    @AfterAll
    static void closePlaces() {
        PLACES.values().forEach(Place::close);
        PLACES.clear();
    }

    static Stream<Arguments> matrix() {
        List<Arguments> all = new ArrayList<>();
        for (int major : List.of(15, 18)) {
            for (Method method : Method.values()) {
                for (Case one : Case.values()) {
                    for (boolean reused : List.of(false, true)) {
                        all.add(Arguments.of(major, method, one, reused));
                    }
                }
            }
        }
        return all.stream();
    }

    private static String newRole(Place place, Method method) {
        String role = "role" + ROLES.incrementAndGet();
        place.cluster()
                .primary()
                .sql("set password_encryption = '" + method.encryption + "'; create role " + role
                        + " login password 'right'");
        return role;
    }

    private static WireLogin login(int port, String role, Method method, String password) throws IOException {
        try (WireClient client = new WireClient(port)) {
            WireLogin login = WireLogin.attempt(client, role, method.database(), password);
            if (login.isIn()) {
                assertEquals(Integer.toString(login.pid()), client.value("select pg_backend_pid()"));
                client.send('X', new byte[0]);
            }
            return login;
        }
    }

    @ParameterizedTest(name = "{0} {1} {2} reused={3}")
    @MethodSource("matrix")
    void answersAsTheServerItself(int major, Method method, Case one, boolean reused) throws Exception {
        Place place = PLACES.computeIfAbsent(major, Place::of);
        int direct = place.cluster().primary().port();
        String role = newRole(place, method);
        int warm = 0;
        if (reused) {
            WireLogin first = login(place.proxy().port(), role, method, "right");
            assertTrue(first.isIn(), first::toString);
            warm = first.pid();
            Fixture.awaitIdle(place.cluster(), Integer.toString(warm));
        }
        if (!one.change.isEmpty()) {
            place.cluster()
                    .primary()
                    .sql("set password_encryption = '" + method.encryption + "'; " + String.format(one.change, role));
        }
        String user = one == Case.UNKNOWN_ROLE ? "nobody" + role : role;
        WireLogin expected = login(direct, user, method, one.password);
        WireLogin actual = login(place.proxy().port(), user, method, one.password);
        assertEquals(String.join("\n", expected.transcript()), String.join("\n", actual.transcript()));
        if (reused && one == Case.RIGHT) {
            assertEquals(warm, actual.pid(), "the warm backend was not used");
        }
        if (one == Case.WRONG && method != Method.TRUST) {
            assertTrue(login(place.proxy().port(), role, method, "right").isIn(), "a wrong password locked the role");
        }
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("replays")
    void recordedLoginIsWorthNothing(int major, Method method, boolean warm) throws Exception {
        Place place = PLACES.computeIfAbsent(major, Place::of);
        String role = newRole(place, method);
        WireLogin recorded = login(place.proxy().port(), role, method, "right");
        if (warm) {
            Fixture.awaitIdle(place.cluster(), Integer.toString(recorded.pid()));
            recorded = login(place.proxy().port(), role, method, "right");
            Fixture.awaitIdle(place.cluster(), Integer.toString(recorded.pid()));
        }
        assertTrue(recorded.isIn());
        try (WireClient thief = new WireClient(place.proxy().port())) {
            thief.startup(WireClient.PROTOCOL_3_0, role, method.database());
            for (byte[] message : recorded.sent()) {
                assertEquals('R', String.valueOf(thief.read()).charAt(0));
                thief.send(message);
            }
            List<WireMessage> rest = thief.readAll();
            assertFalse(rest.stream().anyMatch(message -> message.type() == 'Z'), rest::toString);
            assertTrue(rest.stream().anyMatch(message -> message.type() == 'E'), rest::toString);
        }
    }

    /** PostgreSQL warns at each login to a database whose collation version differs from the one it was created with. */
    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void warningsOfTheLoginComeAgainOnAWarmBackend(int major) throws Exception {
        Place place = PLACES.computeIfAbsent(major, Place::of);
        String role = newRole(place, Method.TRUST);
        String outdate = "update pg_database set datcollversion = %s where datname = '" + Method.TRUST.database() + "'";
        place.cluster().primary().sql(String.format(outdate, "'0'"));
        try {
            WireLogin direct = login(place.cluster().primary().port(), role, Method.TRUST, "right");
            assertTrue(direct.transcript().stream().anyMatch(line -> line.startsWith("N ")), direct::toString);
            for (int i = 0; i < 3; i++) {
                WireLogin login = login(place.proxy().port(), role, Method.TRUST, "right");
                assertEquals(direct.transcript(), login.transcript());
                Fixture.awaitIdle(place.cluster(), Integer.toString(login.pid()));
            }
        } finally {
            place.cluster().primary().sql(String.format(outdate, "null"));
        }
    }

    static Stream<Arguments> replays() {
        return Stream.of(15, 18)
                .flatMap(major -> Stream.of(Method.MD5, Method.SCRAM)
                        .flatMap(method -> Stream.of(false, true).map(warm -> Arguments.of(major, method, warm))));
    }
}
