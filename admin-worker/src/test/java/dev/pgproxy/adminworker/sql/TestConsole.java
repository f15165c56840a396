package dev.pgproxy.adminworker.sql;

import dev.pgproxy.adminworker.snapshot.Snapshot;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Plans and runs statements over a snapshot, as an operator's session does. */
final class TestConsole implements AutoCloseable {

    private static final int HEADER_BYTES = 5;

    private final Settings settings = new Settings("admin", "", "1.0", true, 4711);
    private final Engine engine;
    private Snapshot snapshot;

    TestConsole(Snapshot snapshot) {
        this.snapshot = snapshot;
        try {
            this.engine = new Engine();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    Engine engine() {
        return engine;
    }

    Snapshot snapshot() {
        return snapshot;
    }

    /** Switches to another snapshot. */
    void show(Snapshot other) {
        snapshot = other;
    }

    Plan.Query plan(String sql) throws SqlProblem {
        return (Plan.Query) Planner.plan(SqlText.split(sql).get(0), settings);
    }

    QueryResult run(String sql, @Nullable Object... parameters) throws SqlProblem {
        return engine.run(plan(sql), new ArrayList<>(Arrays.asList(parameters)), List.of(), snapshot, new Running());
    }

    /** The rows, one per line, as psql shows them unaligned; {@code NULL} for null. */
    String rows(String sql, @Nullable Object... parameters) throws SqlProblem {
        return run(sql, parameters).rows().stream().map(TestConsole::text).collect(Collectors.joining("\n"));
    }

    /** The values of a DataRow message. */
    private static String text(byte[] row) {
        ByteBuffer in = ByteBuffer.wrap(row, HEADER_BYTES, row.length - HEADER_BYTES);
        StringBuilder text = new StringBuilder();
        int columns = in.getShort();
        for (int i = 0; i < columns; i++) {
            int length = in.getInt();
            byte[] value = new byte[Math.max(0, length)];
            in.get(value);
            text.append(i == 0 ? "" : "|").append(length < 0 ? "NULL" : new String(value, StandardCharsets.UTF_8));
        }
        return text.toString();
    }

    @Override
    public void close() {
        engine.close();
    }
}
