package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.view.View;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.util.PSQLException;

/** SQL over the tables of pg_proxy, as psql and pgjdbc send it. */
class PgProxyQuerySystemTest {

    private static final String SIMPLE = "preferQueryMode=simple";
    private static final String EXTENDED = "preferQueryMode=extended";
    private static final String BINARY = "prepareThreshold=-1";

    private static final PostgresCluster CLUSTER = Fixture.cluster(15);
    private static final ProxyProcess PROXY = Fixture.proxy(CLUSTER, "proxy_worker_num = 2");
    private static final List<WireClient> CLIENTS = new ArrayList<>();

    @BeforeAll
    static void haveClients() throws Exception {
        for (int i = 0; i < 6; i++) {
            CLIENTS.add(WireClient.login(PROXY.port(), "postgres", "postgres", "application_name", "client" + i));
        }
    }

    @AfterAll
    static void stop() throws Exception {
        for (WireClient client : CLIENTS) {
            client.close();
        }
        PROXY.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED, BINARY})
    void typesNullsAndParameters(String mode) throws SQLException {
        try (Connection connection = Operator.connect(PROXY, ProxyProcess.OPERATOR_PASSWORD, mode)) {
            try (PreparedStatement statement = connection.prepareStatement(
                    "select c.*, p.kind, p.memory_bytes, 1.25::numeric as n, null as nothing from connection c join process p"
                            + " on p.pid = c.pid where c.application_name = ? and c.session_id > ? and p.slot < ?")) {
                for (int round = 0; round < 8; round++) { // After some rounds pgjdbc asks for binary values.
                    statement.setString(1, "client3");
                    statement.setLong(2, 0);
                    statement.setInt(3, 100);
                    try (ResultSet rows = statement.executeQuery()) {
                        assertTrue(rows.next());
                        ResultSetMetaData metadata = rows.getMetaData();
                        assertEquals("pid", metadata.getColumnName(1));
                        assertEquals(Types.INTEGER, metadata.getColumnType(1));
                        assertEquals(Types.BIGINT, metadata.getColumnType(2));
                        assertEquals(Types.VARCHAR, metadata.getColumnType(3));
                        assertEquals("timestamptz", metadata.getColumnTypeName(9));
                        assertEquals("127.0.0.1", rows.getString("fe_ip"));
                        assertEquals("idle", rows.getString("state"));
                        assertEquals("postgres", rows.getString("user"));
                        assertTrue(rows.getDouble("state_seconds") >= 0);
                        long ageMs = System.currentTimeMillis()
                                - rows.getTimestamp("status_time").getTime();
                        assertTrue(ageMs >= -1000 && ageMs < 600_000, "status_time is " + ageMs + " ms ago");
                        assertEquals("1.25", rows.getBigDecimal("n").toPlainString());
                        assertNull(rows.getString("wait_for"));
                        assertNull(rows.getObject("nothing"));
                        assertEquals("pool", rows.getString("kind"));
                        assertTrue(rows.getLong("memory_bytes") > 1_000_000);
                        assertFalse(rows.next());
                    }
                }
            }
            try (Statement statement = connection.createStatement()) {
                assertFalse(statement.execute("set application_name = 'dbeaver'"));
                assertTrue(statement.execute("show application_name"));
                try (ResultSet rows = statement.getResultSet()) {
                    assertTrue(rows.next());
                    assertEquals("dbeaver", rows.getString(1));
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED})
    void errorsLeaveTheSessionUsable(String mode) throws SQLException {
        try (Operator operator = Operator.of(PROXY, ProxyProcess.OPERATOR_PASSWORD, mode)) {
            List<String> bad = List.of(
                    "42601 select 1 from from",
                    "42703 select nothing from pool",
                    "42P01 select * from nowhere",
                    "22012 select 1/0",
                    "42883 select file_read('/etc/passwd')",
                    "25006 insert into pool values (1)",
                    "0A000 copy pool to stdout");
            for (String each : bad) {
                PSQLException refused =
                        assertThrows(PSQLException.class, () -> operator.value(each.substring(6)), each);
                assertEquals(each.substring(0, 5), refused.getSQLState());
                assertEquals("1", operator.value("select 1"), "behind " + each);
            }
            PSQLException placed =
                    assertThrows(PSQLException.class, () -> operator.value("select 1, nothing from pool"));
            assertEquals(11, placed.getServerErrorMessage().getPosition());
        }
    }

    @Test
    void transactionsAndCursorsAreTakenAsTheyCome() throws SQLException {
        try (Connection connection = Operator.connect(PROXY, ProxyProcess.OPERATOR_PASSWORD)) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(2);
                int rows = 0;
                try (ResultSet result = statement.executeQuery("select \"key\", \"value\" from config")) {
                    while (result.next()) {
                        rows++;
                    }
                }
                assertTrue(rows > 30, "config has " + rows + " rows");
            }
            connection.commit();
            connection.rollback();
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_SERIALIZABLE);
        }
    }

    @Test
    void largeResultsComeWholeAndTooLargeOnesAreRefused() throws SQLException {
        try (Operator operator = Operator.of(PROXY)) {
            String join = "from config a, config b, config c";
            int rows = operator.rows("select a.\"key\", b.\"value\" from config a, config b")
                    .size();
            assertEquals(operator.value("select count(*) from config a, config b"), Integer.toString(rows));
            SQLException refused =
                    assertThrows(SQLException.class, () -> operator.rows("select a.\"key\", b.\"value\" " + join));
            assertEquals("54000", refused.getSQLState());
            assertEquals("1", operator.value("select 1"));
        }
    }

    /** The engine is not PostgreSQL's; what both support must mean the same in both. */
    @Test
    void ordinarySqlMeansWhatItMeansToPostgres() throws Exception {
        try (Operator operator = Operator.of(PROXY, ProxyProcess.OPERATOR_PASSWORD, SIMPLE)) {
            for (String sql : Files.readAllLines(Path.of("src/test/sql/ordinary.sql"))) {
                if (!sql.startsWith("--")) {
                    assertEquals(
                            CLUSTER.primary().sql("select string_agg(t::text, E'\\n') from (" + sql + ") t"),
                            "(" + String.join(")\n(", composites(operator, sql)) + ")",
                            sql);
                }
            }
        }
    }

    /** The rows, in PostgreSQL's text form of a composite value. */
    private static List<String> composites(Operator operator, String sql) throws SQLException {
        List<String> all = new ArrayList<>();
        try (Statement statement = operator.connection().createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            while (rows.next()) {
                List<String> values = new ArrayList<>();
                for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                    String value = rows.getString(i);
                    boolean quoted = value != null && (value.isEmpty() || value.matches("(?s).*[ ,()\"\\\\].*"));
                    values.add(
                            value == null
                                    ? ""
                                    : quoted ? '"' + value.replace("\\", "\\\\").replace("\"", "\"\"") + '"' : value);
                }
                all.add(String.join(",", values));
            }
        }
        return all;
    }

    @Test
    void severalStatementsInOneQueryAnswerOneAfterTheOther() throws Exception {
        Requirement.program("psql");
        Programs.Result result = psql("select 1; ; select count(*) from nowhere; select 3", "begin; select 4; commit");
        assertEquals("1\n", result.output().lines().findFirst().orElse("") + "\n", result.output());
        assertTrue(result.output().contains("relation \"nowhere\" does not exist"), result.output());
        assertFalse(result.output().contains("\n3\n"), result.output());
        assertTrue(result.output().contains("BEGIN\n4\nCOMMIT"), result.output());
    }

    private static Programs.Result psql(String... commands) {
        List<String> all = new ArrayList<>(List.of(
                "env",
                "PGPASSWORD=" + ProxyProcess.OPERATOR_PASSWORD,
                "psql",
                "-XAt",
                "-h",
                "127.0.0.1",
                "-p",
                Integer.toString(PROXY.port()),
                "-U",
                "admin",
                "-d",
                "pg_proxy"));
        for (String command : commands) {
            all.addAll(List.of("-c", command));
        }
        return Programs.run(all);
    }

    @Test
    void psqlsCommandsAboutTablesHaveAnswers() {
        Requirement.program("psql");
        assertTrue(psql("\\dt").output().contains("public|connection|table|"));
        assertTrue(psql("\\d").output().contains("public|stats|table|"));
        assertTrue(psql("\\d pool").output().contains("oldest_wait_seconds|double precision"));
        assertTrue(psql("\\d+ connection").output().contains("status_time|timestamp with time zone"));
        assertTrue(psql("\\d c*").output().contains("reloadable|boolean"));
        assertTrue(psql("\\l").output().startsWith("pg_proxy|"));
        assertTrue(psql("\\d nowhere").output().contains("Did not find any relation"));
        assertTrue(psql("\\conninfo").output().contains("database \"pg_proxy\""));
        for (String command : List.of(
                "\\du",
                "\\dn",
                "\\df",
                "\\di",
                "\\dv",
                "\\ds",
                "\\dS",
                "\\dT",
                "\\dx",
                "\\dp",
                "\\db",
                "\\dg",
                "\\dt+",
                "\\l+",
                "\\d+ event",
                "\\d pg_class",
                "\\encoding")) {
            Programs.Result result = psql(command, "select 'alive'");
            assertTrue(result.output().endsWith("alive\n"), command + ": " + result.output());
            assertFalse(result.output().contains("ERROR"), command + ": " + result.output());
        }
    }

    @Test
    void rowsAreCopiedAndFetchedFromCursors() throws Exception {
        Requirement.program("psql");
        Programs.Result copied = psql(
                "copy (select 1 as a, 'b,c' as d, null as e) to stdout csv header", "\\copy process (kind) to stdout");
        assertTrue(copied.output().startsWith("a,d,e\n1,\"b,c\",\n"), copied.output());
        assertTrue(copied.output().contains("\nmaster\n"), copied.output());
        Programs.Result fetched = psql(
                "begin; declare c cursor for select kind from process order by kind; fetch 2 from c; move last c; fetch prior c;"
                        + " close c; commit",
                "fetch c");
        assertTrue(
                fetched.output().contains("DECLARE CURSOR\nadmin\nmaster\nMOVE 1\npool\nCLOSE CURSOR"),
                fetched.output());
        assertTrue(fetched.output().contains("cursor \"c\" does not exist"), fetched.output());
        try (Connection connection = Operator.connect(PROXY, ProxyProcess.OPERATOR_PASSWORD);
                Statement statement = connection.createStatement()) {
            java.io.StringWriter all = new java.io.StringWriter();
            assertEquals(
                    2,
                    connection
                            .unwrap(PGConnection.class)
                            .getCopyAPI()
                            .copyOut("copy (values (1), (2)) to stdout", all));
            assertEquals("1\n2\n", all.toString());
            statement.execute("declare held cursor with hold for values (1), (2), (3)");
            try (ResultSet rows = statement.executeQuery("fetch 2 from held")) {
                assertEquals(List.of("1", "2"), column(rows, rows.getMetaData().getColumnName(1)));
            }
        }
    }

    /** The queries of tools with a tree of tables, such as DBeaver. */
    @Test
    void pgjdbcDescribesTheTables() throws SQLException {
        try (Connection connection = Operator.connect(PROXY, ProxyProcess.OPERATOR_PASSWORD)) {
            DatabaseMetaData metadata = connection.getMetaData();
            try (ResultSet tables = metadata.getTables(null, "public", "%", new String[] {"TABLE"})) {
                assertEquals(
                        Arrays.stream(View.values()).map(View::tableName).collect(Collectors.toSet()),
                        Set.copyOf(column(tables, "TABLE_NAME")));
            }
            for (View view : View.values()) {
                try (ResultSet columns = metadata.getColumns(null, "public", view.tableName(), null)) {
                    assertEquals(
                            view.columns().stream().map(each -> each.name()).toList(), column(columns, "COLUMN_NAME"));
                }
            }
            try (ResultSet columns = metadata.getColumns(null, null, "pool", "active")) {
                assertEquals(List.of("int4"), column(columns, "TYPE_NAME"));
            }
            try (ResultSet schemas = metadata.getSchemas();
                    ResultSet catalogs = metadata.getCatalogs();
                    ResultSet types = metadata.getTypeInfo()) {
                assertEquals(List.of("information_schema", "pg_catalog", "public"), column(schemas, "TABLE_SCHEM"));
                assertEquals(List.of("pg_proxy"), column(catalogs, "TABLE_CAT"));
                assertTrue(column(types, "TYPE_NAME").contains("timestamptz"));
            }
            try (ResultSet keys = metadata.getPrimaryKeys(null, "public", "pool");
                    ResultSet indexes = metadata.getIndexInfo(null, "public", "pool", false, true);
                    ResultSet imported = metadata.getImportedKeys(null, "public", "pool");
                    ResultSet functions = metadata.getFunctions(null, "public", "%");
                    ResultSet best = metadata.getBestRowIdentifier(null, "public", "pool", 1, true)) {
                assertFalse(keys.next() || indexes.next() || imported.next() || functions.next() || best.next());
            }
            assertTrue(metadata.getSQLKeywords().contains("limit"));
            assertEquals(64 - 1, metadata.getMaxColumnNameLength());
        }
    }

    private static List<String> column(ResultSet rows, String name) throws SQLException {
        List<String> values = new ArrayList<>();
        while (rows.next()) {
            values.add(rows.getString(name));
        }
        return values;
    }

    /** The queries that psql sends for tab completion. */
    @Test
    void completionFindsTablesAndColumns() throws SQLException {
        try (Operator operator = Operator.of(PROXY, ProxyProcess.OPERATOR_PASSWORD, SIMPLE)) {
            assertEquals(
                    Set.of("connection|null", "config|null"),
                    Set.copyOf(
                            operator.rows(
                                    "SELECT c.relname, NULL::pg_catalog.text FROM pg_catalog.pg_class c WHERE c.relkind IN"
                                            + " ('r', 'f', 'v', 'm', 'p') AND (c.relname) LIKE 'con%' AND pg_catalog.pg_table_is_visible(c.oid)")));
            assertEquals(
                    List.of("oldest_wait_seconds|null"),
                    operator.rows(
                            "SELECT attname, NULL::pg_catalog.text FROM pg_catalog.pg_attribute a, pg_catalog.pg_class c"
                                    + " WHERE c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped AND (attname) LIKE 'old%'"
                                    + " AND (c.relname) = 'pool' AND pg_catalog.pg_table_is_visible(c.oid)"));
            SQLException kind =
                    assertThrows(SQLException.class, () -> operator.value("select * from pg_stat_activity"));
            assertEquals("42P01", kind.getSQLState());
        }
    }

    @Test
    void aStatementThatTakesTooLongEndsAndOneThatIsCancelledToo() throws Exception {
        String endless =
                "select count(*) from config a, config b, config c, config d, config e where a.\"key\" < b.\"value\"";
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "pg_proxy_query_timeout = 3s");
                Operator operator = Operator.of(proxy)) {
            SQLException late = assertThrows(SQLException.class, () -> operator.value(endless));
            assertEquals("57014", late.getSQLState());
            operator.await("an answer in time", "select 1", "1");
        }
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "pg_proxy_query_timeout = 600s");
                Operator operator = Operator.of(proxy);
                Statement statement = operator.connection().createStatement()) {
            AtomicBoolean over = new AtomicBoolean();
            CompletableFuture<Void> canceller =
                    CompletableFuture.runAsync(() -> cancelUntil(over, operator.connection()));
            SQLException cancelled = assertThrows(SQLException.class, () -> statement.executeQuery(endless));
            over.set(true);
            canceller.get(Fixture.SOON.toSeconds(), TimeUnit.SECONDS);
            assertEquals("57014", cancelled.getSQLState());
            operator.await("an answer although a late cancel may hit the first ones", "select 1", "1");
        }
    }

    /** A reader must not be able to end the process that serves other sessions. */
    @Test
    void aStatementThatWantsMoreMemoryThanThereIsFailsAlone() throws Exception {
        String bomb = "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'";
        for (int i = 0; i < 12; i++) {
            bomb = "replace(" + bomb + ", 'a', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')";
        }
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "pg_proxy_stats_pw = look");
                Operator operator = Operator.of(proxy);
                Operator looker = Operator.of(proxy, "look")) {
            long pid = proxy.children("pgproxy-admin").get(0).pid();
            for (String sql : List.of(
                    "select length(" + bomb + ")",
                    "select length(string_agg(a.\"key\" || b.\"key\", '')) from config a, config b, config c, config d, config e",
                    "select count(*) from (select a.\"key\" || b.\"key\" || c.\"key\" || d.\"key\" x from config a, config b,"
                            + " config c, config d order by 1) y")) {
                assertThrows(SQLException.class, () -> looker.value(sql), sql);
                assertEquals("1", operator.value("select 1"));
            }
            assertEquals(pid, proxy.children("pgproxy-admin").get(0).pid(), proxy.log());
        }
    }

    /** A statement would send only one cancel, which is lost if it overtakes the query. */
    private static void cancelUntil(AtomicBoolean over, Connection connection) {
        Await.until("the statement to end", Fixture.SOON, () -> {
            connection.unwrap(PGConnection.class).cancelQuery();
            return over.get();
        });
    }

    /** The worst that an attacker with read access can do: the process that runs SQL is not one that serves clients. */
    @Test
    void sqlThatUsesUpMemoryCostsNoClientItsSession() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "pg_proxy_query_timeout = 60s");
                WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
            try (Operator operator = Operator.of(proxy)) {
                assertThrows(
                        SQLException.class,
                        () -> operator.value(
                                "select count(*) from (select distinct a.\"key\" || b.\"key\" || c.\"key\" || d.\"key\""
                                        + " as x from config a, config b, config c, config d) t"));
            }
            assertEquals("1", client.value("select 1"));
            dev.pgproxy.testkit.process.Await.until("pg_proxy to answer again", Fixture.SOON, () -> {
                try (Operator operator = Operator.of(proxy)) {
                    return operator.value("select 1").equals("1");
                }
            });
        }
    }

    @Test
    void behindALoadTheNumbersSettleOnThoseOfTheServer() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(CLUSTER, "max_server_conn = 12", "proxy_worker_num = 2");
                Operator operator = Operator.of(proxy)) {
            List<Integer> numbers =
                    java.util.stream.IntStream.range(0, 400).boxed().toList();
            Parallel.run(numbers, number -> {
                try (WireClient client = WireClient.login(
                        proxy.port(), "postgres", "postgres", "search_path", "churn", "application_name", "churn")) {
                    assertEquals("1", client.value("select 1"));
                    if (number % 3 > 0) { // The others leave without Terminate.
                        client.send(dev.pgproxy.common.protocol.FrontendMessage.terminate());
                    }
                }
            });
            dev.pgproxy.testkit.process.Await.until("both to tell the same", Fixture.SOON, () -> {
                String here = operator.value("select string_agg(backend_pid, ',' order by backend_pid) from connection"
                        + " where parameters = 'search_path=churn' and state = 'idle'");
                String there = CLUSTER.primary()
                        .sql(
                                "select string_agg(pid::text, ',' order by pid) from pg_stat_activity where application_name = 'churn'");
                String count = operator.value("select sum(total_cnn_num) from server");
                if (!here.equals(there) || !count.equals(Integer.toString(there.split(",", -1).length))) {
                    throw new IllegalStateException(here + " and " + count + " here, " + there + " there");
                }
                return true;
            });
            assertEquals("400|400", operator.value("select sessions, queries from stats where database = 'postgres'"));
        }
    }

    @Test
    void eachProcessShowsWhatItHasCounted() throws Exception {
        try (Operator operator = Operator.of(PROXY)) {
            assertEquals(
                    "admin,master,pool,pool,task",
                    operator.value("select string_agg(kind, ',' order by kind) from process where pid in"
                            + " (select pid from counter)"));
            assertEquals("t", operator.value("select value > 0 from counter where name = 'probes'"));
            assertEquals("t", operator.value("select value > 0 from counter where name = 'operator_sessions'"));
            assertEquals("0", operator.value("select count(*) from counter where help = ''"));
        }
    }

    @Test
    void theNumbersAreThoseOfTheServer() throws Exception {
        try (Operator operator = Operator.of(PROXY)) {
            String server = CLUSTER.primary().address().toString();
            String pids = CLUSTER.primary()
                    .sql(
                            "select string_agg(pid::text, ',' order by pid) from pg_stat_activity where application_name like"
                                    + " 'client_' and backend_type = 'client backend'");
            assertEquals(
                    pids,
                    operator.value(
                            "select string_agg(backend_pid, ',' order by backend_pid) from connection where server = '"
                                    + server + "' and application_name like 'client_'"));
            assertEquals(
                    "6|0",
                    operator.value("select active, idle from pool where server = '" + server + "' and active > 0"));
            assertEquals(
                    operator.value("select sum(total_cnn_num) from server"),
                    operator.value("select sum(total_cnn_num) from process"));
        }
    }
}
