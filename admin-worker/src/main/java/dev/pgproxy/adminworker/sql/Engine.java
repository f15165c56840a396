package dev.pgproxy.adminworker.sql;

import dev.pgproxy.adminworker.snapshot.Snapshot;
import dev.pgproxy.common.view.Column;
import dev.pgproxy.common.view.ColumnType;
import dev.pgproxy.common.view.View;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ParameterMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An in-memory database with the tables of pg_proxy and nothing else. One user fills the tables; another, which runs operators' statements,
 * can only read them. Used by one thread at a time.
 */
final class Engine implements AutoCloseable {

    /** Rows of a result; a query for more should count or use LIMIT. */
    private static final int MAX_ROWS = 100_000;

    /** As in PostgreSQL. */
    static final int MAX_COLUMNS = 1_664;

    /** Bytes of a result. */
    private static final int MAX_RESULT_BYTES = 16 * 1024 * 1024;

    /** Type, length and number of columns precede the values of a DataRow. */
    private static final int DATA_ROW_VALUES = 7;

    private static final int KEY_COLUMNS = 3;
    private static final String READER = "pg_proxy";
    private static final String MODE = ";MODE=PostgreSQL;DATABASE_TO_LOWER=TRUE;DEFAULT_NULL_ORDERING=HIGH";

    /** Words that PostgreSQL accepts as column names without quotes; set for each connection. */
    private static final String NAMES = ";NON_KEYWORDS=USER,KEY,VALUE,DAY,HOUR,MINUTE,MONTH,SECOND,YEAR";

    private static final long MICROS_PER_SECOND = 1_000_000L;
    private static final int NANOS_PER_MICRO = 1_000;

    private final Connection owner;
    private final Connection reader;
    private final Map<View, Snapshot> loaded = new EnumMap<>(View.class);
    private boolean broken;

    /** @throws SQLException when the database cannot be made */
    Engine() throws SQLException {
        String url = "jdbc:h2:mem:" + UUID.randomUUID();
        String password = UUID.randomUUID().toString();
        owner = DriverManager.getConnection(url + MODE + NAMES, "owner", password);
        try (Statement statement = owner.createStatement()) {
            statement.execute("CREATE USER " + READER + " PASSWORD '" + password + "'");
            for (View view : View.values()) {
                statement.execute("CREATE TABLE " + view.tableName() + " ("
                        + view.columns().stream().map(Engine::definition).collect(Collectors.joining(", ")) + ")");
                statement.execute("GRANT SELECT ON " + view.tableName() + " TO " + READER);
            }
            for (String definition : SqlFunctions.definitions()) {
                statement.execute(definition);
            }
            for (String schema : CatalogTables.engineSchemas()) {
                statement.execute("CREATE SCHEMA " + schema);
            }
            for (CatalogTables.Table table : CatalogTables.all()) {
                statement.execute(table.definition());
                statement.execute("GRANT SELECT ON " + table.engineName() + " TO " + READER);
            }
            for (Map.Entry<String, List<@Nullable Object[]>> rows :
                    CatalogRows.all().entrySet()) {
                insert(rows.getKey(), rows.getValue(), (column, value) -> value);
            }
            reader = DriverManager.getConnection(url + NAMES, READER, password);
        } catch (SQLException e) {
            owner.close();
            throw e;
        }
        try (Statement statement = reader.createStatement()) {
            statement.execute("SET TIME ZONE 'UTC'");
        }
    }

    private static String definition(Column column) {
        String type = switch (column.type()) {
            case INT4 -> "INTEGER";
            case INT8 -> "BIGINT";
            case FLOAT8 -> "DOUBLE PRECISION";
            case BOOL -> "BOOLEAN";
            case TEXT -> "VARCHAR";
            case TIMESTAMPTZ -> "TIMESTAMP WITH TIME ZONE";
        };
        return '"' + column.name() + "\" " + type;
    }

    /** Whether the database has failed and must not be used again. */
    boolean isBroken() {
        return broken;
    }

    /** Converts a value of a column, counted from 0, for the engine. */
    private interface Storing {
        @Nullable
        Object stored(int column, @Nullable Object value);
    }

    private void insert(String table, List<@Nullable Object[]> rows, Storing storing) throws SQLException {
        String places = String.join(", ", Collections.nCopies(rows.get(0).length, "?"));
        try (PreparedStatement insert = owner.prepareStatement("INSERT INTO " + table + " VALUES (" + places + ")")) {
            for (@Nullable Object[] row : rows) {
                for (int i = 0; i < row.length; i++) {
                    insert.setObject(i + 1, storing.stored(i, row[i]));
                }
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    /** The query, or its replacement if the engine does not understand it. */
    private Plan.Query understood(Plan.Query query) {
        Plan.@Nullable Query other = query.orElse();
        if (other == null) {
            return query;
        }
        try (PreparedStatement statement = reader.prepareStatement(query.sql())) {
            return statement.isClosed() ? other : query;
        } catch (SQLException e) {
            return other; // The reason does not matter to a client that asks about objects that do not exist here.
        }
    }

    /** Describes the query without running it. */
    Description describe(Plan.Query asked) throws SqlProblem {
        Plan.Query query = understood(asked);
        try (PreparedStatement statement = prepare(query)) {
            ParameterMetaData parameters = statement.getParameterMetaData();
            List<Integer> oids = new ArrayList<>();
            for (int i = 1; i <= parameters.getParameterCount(); i++) {
                oids.add(parameterType(parameters, i).oid());
            }
            return new Description(oids, columns(query, statement.getMetaData()));
        } catch (SQLException e) {
            throw problem(e, query);
        }
    }

    private static PgType parameterType(ParameterMetaData parameters, int index) {
        try {
            return PgType.ofJdbc(parameters.getParameterType(index), parameters.getParameterTypeName(index));
        } catch (SQLException e) {
            return PgType.TEXT; // The type is only known once there is a value.
        }
    }

    private PreparedStatement prepare(Plan.Query query) throws SQLException, SqlProblem {
        PreparedStatement statement = reader.prepareStatement(query.sql());
        if (statement.getMetaData() == null) {
            statement.close();
            throw new SqlProblem(
                    SqlStates.READ_ONLY_SQL_TRANSACTION, "the tables of pg_proxy can only be read", "Write a SELECT.");
        }
        return statement;
    }

    private static List<ResultColumn> columns(Plan.Query query, ResultSetMetaData metadata)
            throws SQLException, SqlProblem {
        if (metadata.getColumnCount() > MAX_COLUMNS) {
            throw new SqlProblem(
                    SqlStates.TOO_MANY_COLUMNS, "target lists can have at most " + MAX_COLUMNS + " entries", "");
        }
        List<ResultColumn> columns = new ArrayList<>();
        for (int i = 1; i <= metadata.getColumnCount(); i++) {
            @Nullable String label = i <= query.labels().size() ? query.labels().get(i - 1) : null;
            String name = label != null ? label : SqlFunctions.label(metadata.getColumnLabel(i));
            columns.add(
                    new ResultColumn(name, PgType.ofJdbc(metadata.getColumnType(i), metadata.getColumnTypeName(i))));
        }
        return columns;
    }

    /**
     * Runs the query over a snapshot.
     *
     * @param formats whether each column is wanted in binary; one for all, or none for text
     * @throws SqlProblem when it fails, is cancelled, or has too many rows
     */
    QueryResult run(
            Plan.Query asked,
            List<@Nullable Object> parameters,
            List<Boolean> formats,
            Snapshot snapshot,
            Running running)
            throws SqlProblem {
        Plan.Query query = understood(asked);
        try {
            load(snapshot, query.views());
            try (PreparedStatement statement = prepare(query)) {
                return run(statement, query, parameters, formats, running);
            } finally {
                running.ended();
            }
        } catch (SQLException e) {
            throw running.reason() == null ? problem(e, query) : running.reason();
        }
    }

    private QueryResult run(
            PreparedStatement statement,
            Plan.Query query,
            List<@Nullable Object> parameters,
            List<Boolean> formats,
            Running running)
            throws SQLException, SqlProblem {
        int expected = statement.getParameterMetaData().getParameterCount();
        if (expected != parameters.size()) {
            throw new SqlProblem(
                    "08P01",
                    "bind message supplies " + parameters.size() + " parameters, but the statement requires "
                            + expected,
                    "");
        }
        for (int i = 0; i < parameters.size(); i++) {
            if (parameters.get(i) instanceof String text && query.matches()) {
                Literals.checkPattern(text);
            }
            if (parameters.get(i) == null) {
                statement.setNull(i + 1, Types.VARCHAR);
            } else {
                statement.setObject(i + 1, parameters.get(i));
            }
        }
        statement.setMaxRows(MAX_ROWS + 1);
        running.started(statement);
        try (ResultSet rows = statement.executeQuery()) {
            List<ResultColumn> columns = columns(query, rows.getMetaData());
            List<byte[]> messages = new ArrayList<>();
            long bytes = 0;
            while (rows.next()) {
                byte[] message = DataRows.of(rows, columns, formats);
                messages.add(message);
                bytes += message.length;
                if (messages.size() > MAX_ROWS || bytes > MAX_RESULT_BYTES) {
                    throw new SqlProblem(
                            SqlStates.PROGRAM_LIMIT_EXCEEDED,
                            "the result has more than " + MAX_ROWS + " rows or " + MAX_RESULT_BYTES / 1024 / 1024
                                    + " MiB",
                            "Use LIMIT, a narrower WHERE, or fewer columns.");
                }
            }
            return new QueryResult(columns, messages, bytes);
        }
    }

    /** The first three columns of all rows, as numbers, one after the other; 0 for null. */
    List<Long> keys(Plan.Query query, List<@Nullable Object> parameters, Snapshot snapshot, Running running)
            throws SqlProblem {
        List<Long> keys = new ArrayList<>();
        for (byte[] row : run(query, parameters, List.of(), snapshot, running).rows()) {
            ByteBuffer in = ByteBuffer.wrap(row);
            in.position(DATA_ROW_VALUES);
            for (int i = 0; i < KEY_COLUMNS; i++) {
                byte[] text = new byte[Math.max(0, in.getInt())];
                in.get(text);
                keys.add(text.length == 0 ? 0 : Long.parseLong(new String(text, StandardCharsets.US_ASCII)));
            }
        }
        return keys;
    }

    private void load(Snapshot snapshot, Set<View> views) throws SQLException {
        for (View view : views) {
            if (loaded.get(view) != snapshot) {
                loaded.remove(view);
                fill(view, snapshot.rows(view));
                loaded.put(view, snapshot);
            }
        }
    }

    private void fill(View view, List<@Nullable Object[]> rows) throws SQLException {
        try (Statement statement = owner.createStatement()) {
            statement.execute("TRUNCATE TABLE " + view.tableName());
        }
        if (rows.isEmpty()) {
            return;
        }
        owner.setAutoCommit(false);
        try {
            insert(
                    view.tableName(),
                    rows,
                    (column, value) -> stored(view.columns().get(column), value));
            owner.commit();
        } catch (SQLException e) {
            broken = true; // Some of the rows do not make a snapshot.
            throw e;
        } finally {
            owner.setAutoCommit(true);
        }
    }

    private static @Nullable Object stored(Column column, @Nullable Object value) {
        if (value == null || column.type() != ColumnType.TIMESTAMPTZ) {
            return value;
        }
        long micros = (Long) value;
        Instant at = Instant.ofEpochSecond(
                Math.floorDiv(micros, MICROS_PER_SECOND), Math.floorMod(micros, MICROS_PER_SECOND) * NANOS_PER_MICRO);
        return at.atOffset(ZoneOffset.UTC);
    }

    private SqlProblem problem(SQLException cause, Plan.Query query) {
        broken |= EngineProblems.meanBroken(cause);
        return EngineProblems.translate(cause, query);
    }

    @Override
    public void close() {
        try (reader;
                owner) {
            broken = true;
        } catch (SQLException e) {
            // The database is garbage now, whether it closed cleanly or not.
            return;
        }
    }
}
