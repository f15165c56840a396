package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** psql through pgproxy prints what it prints directly. */
class PsqlSystemTest {

    private static final String SCRIPT = """
            \\set VERBOSITY verbose
            create table psql_test (i int primary key, t text);
            insert into psql_test select i, repeat('x', i) from generate_series(1, 100) i;
            \\d psql_test
            \\copy (select * from psql_test order by i) to stdout
            \\copy psql_test from stdin
            101\tcopied
            102\tcopied too
            \\.
            select count(*), max(t) from psql_test;
            insert into psql_test values (1, 'twice');
            begin;
            declare c cursor for select i from psql_test order by i;
            fetch 3 from c;
            savepoint s;
            select 1/0;
            rollback to s;
            fetch 3 from c;
            commit;
            select lo_create(4711);
            begin;
            select loread(lo_open(4711, 393216), 10), lowrite(lo_open(4711, 131072), 'large object');
            select loread(lo_open(4711, 262144), 100);
            commit;
            select lo_unlink(4711);
            listen channel;
            notify channel, 'payload';
            select 1 as a, 2 as b \\gdesc
            select $1 as parameter \\bind 'value' \\g
            do $$ begin raise notice 'noticed %', 42; end $$;
            select 1; select 2; select 3;
            """;

    @ParameterizedTest
    @ValueSource(ints = {15, 18})
    void printsTheSameAsDirectly(int major) throws IOException {
        Requirement.program("psql");
        PostgresCluster cluster = Fixture.cluster(major);
        try (ProxyProcess proxy = Fixture.proxy(cluster)) {
            Path script = Files.writeString(proxy.directory().resolve("script.sql"), SCRIPT);
            Programs.Result direct = psql(cluster, cluster.primary().port(), script);
            Programs.Result first = psql(cluster, proxy.port(), script);
            Programs.Result warm = psql(cluster, proxy.port(), script);
            assertEquals(direct.output(), first.output());
            assertEquals(direct.output(), warm.output());
            assertEquals(direct.status(), warm.status());
        }
    }

    /** The pid in a notification differs in each run, and is masked. */
    private static Programs.Result psql(PostgresCluster cluster, int port, Path script) {
        cluster.primary().sql("drop table if exists psql_test");
        Programs.Result result = Programs.run(java.util.List.of(
                "psql",
                "-X",
                "-a",
                "-h",
                "127.0.0.1",
                "-p",
                Integer.toString(port),
                "-U",
                "postgres",
                "-f",
                script.toString(),
                "postgres"));
        return new Programs.Result(
                result.status(), result.output().replaceAll("process with PID \\d+", "process with PID N"));
    }
}
