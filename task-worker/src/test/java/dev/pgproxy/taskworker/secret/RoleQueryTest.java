package dev.pgproxy.taskworker.secret;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On real servers: what is found out about a role, and that every change of it is noticed. */
class RoleQueryTest {

    private static RoleFacts ask(PostgresCluster cluster, String as, String user) throws SQLException {
        try (Connection connection = cluster.primary().connect(as, "postgres")) {
            return RoleQuery.run(connection, user, "postgres", true);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void findsWhatDecidesAboutALogin(int major) throws SQLException {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(major))) {
            cluster.primary().sql("create role app login password 'secret'; create role watcher login");
            RoleFacts first = ask(cluster, "postgres", "app");
            assertTrue(first.known() && first.mayLogIn());
            assertEquals(RoleFacts.FOR_EVER, first.validForMs());
            assertTrue(first.verifiers().get(0).startsWith("SCRAM-SHA-256$"));
            assertEquals(first.fingerprint(), ask(cluster, "postgres", "app").fingerprint());

            RoleFacts lessPrivileged = ask(cluster, "watcher", "app");
            assertTrue(lessPrivileged.mayLogIn());
            assertEquals(List.of(), lessPrivileged.verifiers());

            RoleFacts unknown = ask(cluster, "postgres", "nobody");
            assertTrue(unknown.known());
            assertFalse(unknown.mayLogIn());

            everyChangeIsNoticed(cluster);
        }
    }

    private static void everyChangeIsNoticed(PostgresCluster cluster) throws SQLException {
        for (String change : List.of(
                "alter role app set work_mem = '5MB'",
                "alter role app reset work_mem",
                "alter database postgres set work_mem = '6MB'",
                "alter role app in database postgres set work_mem = '7MB'",
                "alter role all set work_mem = '8MB'",
                "alter role app createdb",
                "alter role app password 'other'",
                "create role staff; create role company; grant staff to app",
                "grant company to staff",
                "alter role company rename to firm",
                "revoke firm from staff",
                "revoke staff from app",
                "drop role app; create role app login")) {
            String before = ask(cluster, "postgres", "app").fingerprint();
            cluster.primary().sql(change);
            assertNotEquals(before, ask(cluster, "postgres", "app").fingerprint(), change);
        }
        cluster.primary().sql("alter role app valid until '-infinity'");
        assertEquals(0, ask(cluster, "postgres", "app").validForMs());
        cluster.primary().sql("alter role app valid until 'infinity'");
        assertEquals(RoleFacts.FOR_EVER, ask(cluster, "postgres", "app").validForMs());
        cluster.primary().sql("do $$ begin execute format('alter role app valid until %L', now() + '1h'); end $$");
        long validForMs = ask(cluster, "postgres", "app").validForMs();
        assertTrue(validForMs > 3_500_000 && validForMs <= 3_600_000, validForMs + " ms");

        for (String denial : List.of(
                "alter role app nologin",
                "alter role app login; revoke connect on database postgres from public",
                "grant connect on database postgres to public; create role nobody nologin; alter role app nologin")) {
            cluster.primary().sql(denial);
            assertFalse(ask(cluster, "postgres", "app").mayLogIn(), denial);
        }
        cluster.primary().sql("alter role app login");
        assertTrue(ask(cluster, "postgres", "app").mayLogIn());
    }

    @ParameterizedTest
    @ValueSource(ints = {18})
    void aDatabaseWithALoginTriggerWantsNewSessions(int major) throws SQLException {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(major))) {
            cluster.primary()
                    .sql("create function on_login() returns event_trigger language plpgsql as 'begin end';"
                            + "create event trigger t on login execute function on_login()");
            assertFalse(ask(cluster, "postgres", "postgres").mayLogIn());
        }
    }
}
