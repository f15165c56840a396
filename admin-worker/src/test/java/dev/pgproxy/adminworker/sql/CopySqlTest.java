package dev.pgproxy.adminworker.sql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pgproxy.common.view.View;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CopySqlTest {

    private static final Settings SETTINGS = new Settings("admin", "", "1.0", true, 1);

    private static Plan.Copy plan(String sql) throws SqlProblem {
        return (Plan.Copy) Planner.plan(SqlText.split(sql).get(0), SETTINGS);
    }

    private static byte[] dataRow(@Nullable String... values) {
        ByteBuffer row = ByteBuffer.allocate(1_000).position(5).putShort((short) values.length);
        for (String value : values) {
            byte[] bytes = value == null ? new byte[0] : value.getBytes(StandardCharsets.UTF_8);
            row.putInt(value == null ? -1 : bytes.length).put(bytes);
        }
        return java.util.Arrays.copyOf(row.array(), row.position());
    }

    private static String line(String options, @Nullable String... values) throws SqlProblem {
        CopyFormat format = plan("copy pool to stdout " + options).format();
        return new String(format.line(dataRow(values)), StandardCharsets.UTF_8);
    }

    @Test
    void textIsWrittenAsPostgresWritesIt() throws SqlProblem {
        assertEquals("a\t\\N\tb\\tc\\nd\\\\\n", line("", "a", null, "b\tc\nd\\"));
        assertEquals("a\\|b|-\n", line("with (delimiter '|', null '-')", "a|b", null));
        assertEquals("a|-\n", line("delimiter as '|' null as '-'", "a", null));
        assertEquals("\n", line("", ""));
    }

    @Test
    void csvIsWrittenAsPostgresWritesIt() throws SqlProblem {
        assertEquals(
                "a,,\"\",\"b,c\",\"d\"\"e\",\"f\ng\"\n",
                line("with (format csv)", "a", null, "", "b,c", "d\"e", "f\ng"));
        assertEquals("'it''s';x\n", line("csv delimiter ';' quote ''''", "it's", "x"));
        assertEquals("\"a\\\"b\"\n", line("(format 'csv', escape E'\\\\')", "a\"b"));
        assertEquals("\"\\.\"\n", line("csv", "\\."));
        CopyFormat format = plan("copy pool to stdout with csv header").format();
        assertEquals(
                "id,\"a,b\"\n",
                new String(
                        format.headerLine(
                                List.of(new ResultColumn("id", PgType.INT4), new ResultColumn("a,b", PgType.TEXT))),
                        StandardCharsets.UTF_8));
        assertEquals(
                false,
                plan("copy pool to stdout (format csv, header off)").format().header());
        assertEquals(
                true,
                plan("copy pool to stdout (header true, format csv)").format().header());
    }

    @Test
    void theSourceIsATableOrAQuery() throws SqlProblem {
        assertEquals("select * from pool", plan("COPY pool TO STDOUT").query().sql());
        assertEquals(
                "select server , \"user\" from public . pool",
                plan("copy public.pool (server, user) to stdout").query().sql());
        Plan.Copy query = plan("copy (select count(*) from event where level = 'warn') to stdout (encoding 'utf-8')");
        assertEquals(EnumSet.of(View.EVENT), query.query().views());
        assertEquals("COPY 3", query.completion(3));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "copy pool from stdin",
                "copy pool to '/tmp/x'",
                "copy pool to program 'cat'",
                "copy pool",
                "copy",
                "copy pool to stdout with (format binary)",
                "copy pool to stdout with (null '01234567890123456789012345678901234567890123456789012345678901234567890123456789"
                        + "012345678901234567890123456789')",
                "copy pool to stdout with (freeze)",
                "copy pool to stdout with (delimiter '||')",
                "copy pool to stdout with (format csv",
                "copy pool to stdout csv header )",
                "copy pool to stdout with (encoding 'latin1')",
                "copy (delete from connection) to stdout",
                "copy (select file_read('/etc/passwd')) to stdout"
            })
    void whatIsNotToBeCopiedIsRefused(String sql) {
        assertThrows(SqlProblem.class, () -> plan(sql));
    }
}
