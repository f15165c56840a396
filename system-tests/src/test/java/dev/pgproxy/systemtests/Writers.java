package dev.pgproxy.systemtests;

import dev.pgproxy.testkit.postgres.PostgresServer;
import dev.pgproxy.testkit.process.Await;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;

/** Clients that write one row after the other, note which were committed, and reconnect when they lose their session. */
final class Writers implements AutoCloseable {

    private final int port;
    private final List<Thread> threads = new ArrayList<>();
    private final Set<Integer> committed = new ConcurrentSkipListSet<>();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger failedConnects = new AtomicInteger();
    private final AtomicInteger lostSessions = new AtomicInteger();
    private volatile String firstFailure = "";
    private volatile boolean stopped;

    private Writers(int port) {
        this.port = port;
    }

    /**
     * Creates the table and starts.
     *
     * @param port of the proxy
     * @param rowsASession how many rows each session writes before it is closed
     */
    static Writers start(PostgresServer primary, int port, int clients, int rowsASession) {
        primary.sql("create table if not exists written (i int primary key)");
        Writers writers = new Writers(port);
        for (int i = 0; i < clients; i++) {
            Thread thread = new Thread(() -> writers.write(rowsASession), "writer");
            writers.threads.add(thread);
            thread.start();
        }
        return writers;
    }

    private void write(int rowsASession) {
        while (!stopped) {
            try (Connection connection = connect()) {
                for (int i = 0; i < rowsASession && !stopped; i++) {
                    writeOne(connection);
                }
            } catch (SQLException e) {
                lostSessions
                        .incrementAndGet(); // It is unknown whether its last row was committed, so it is not counted.
            }
        }
    }

    private Connection connect() throws SQLException {
        try {
            return Fixture.connect(
                    port,
                    "postgres",
                    "connectTimeout=60",
                    "loginTimeout=60",
                    "socketTimeout=60",
                    "assumeMinServerVersion=12"); // Otherwise the driver sends queries before connecting succeeds.
        } catch (SQLException e) {
            failedConnects.incrementAndGet();
            if (firstFailure.isEmpty()) {
                firstFailure = e.toString();
            }
            throw e;
        }
    }

    private void writeOne(Connection connection) throws SQLException {
        int row = next.incrementAndGet();
        try (Statement statement = connection.createStatement()) {
            statement.execute("insert into written values (" + row + ")");
        }
        committed.add(row);
    }

    /** Waits until a row was committed that was begun after this call. */
    void awaitCommit() {
        int before = next.get();
        Await.until("a write", Await.PATIENCE, () -> committed.stream().anyMatch(row -> row > before + threads.size()));
    }

    int committedRows() {
        return committed.size();
    }

    int failedConnects() {
        return failedConnects.get();
    }

    /** The first failed connect and the number of lost sessions, for the message of an assertion. */
    String firstFailure() {
        return firstFailure + "; " + lostSessions + " sessions were lost";
    }

    /** Rows whose commit was acknowledged to a client, and that this server does not have. */
    Set<Integer> lost(PostgresServer server) throws SQLException {
        Set<Integer> lost = new TreeSet<>(committed);
        try (Connection connection = server.connect("postgres", "postgres");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select i from written")) {
            while (rows.next()) {
                lost.remove(rows.getInt(1));
            }
        }
        return lost;
    }

    /** Ends all clients. */
    void stop() throws InterruptedException {
        stopped = true;
        for (Thread thread : threads) {
            thread.join();
        }
    }

    @Override
    public void close() {
        try {
            stop();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
