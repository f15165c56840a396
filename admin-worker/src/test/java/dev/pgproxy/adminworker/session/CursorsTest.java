package dev.pgproxy.adminworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.adminworker.sql.Plan;
import dev.pgproxy.adminworker.sql.Planner;
import dev.pgproxy.adminworker.sql.QueryResult;
import dev.pgproxy.adminworker.sql.Settings;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlText;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expects PostgreSQL 15's answers for a cursor over the numbers from 1 to 5. */
class CursorsTest {

    private static final Settings SETTINGS = new Settings("admin", "", "1.0", true, 1);
    private static final int ROWS = 5;

    private final Cursors cursors = new Cursors();

    private static Plan plan(String sql) throws SqlProblem {
        return Planner.plan(SqlText.split(sql).get(0), SETTINGS);
    }

    private void declare(String sql, boolean inTransaction) throws SqlProblem {
        Plan.Declare plan = (Plan.Declare) plan(sql);
        cursors.check(plan, inTransaction);
        List<byte[]> rows = new ArrayList<>();
        for (int i = 1; i <= ROWS; i++) {
            rows.add(new byte[] {(byte) i});
        }
        cursors.declare(plan, new QueryResult(List.of(), rows, ROWS), inTransaction);
    }

    private String fetch(String sql) throws SqlProblem {
        return cursors.fetch((Plan.Fetch) plan(sql)).rows().stream()
                .map(row -> Integer.toString(row[0]))
                .collect(Collectors.joining(" "));
    }

    @ParameterizedTest
    @CsvSource({
        "fetch c; fetch next from c, 1 2",
        "fetch 2 from c; fetch forward 2 in c, 1 2 3 4",
        "fetch all from c; fetch c; fetch prior from c, 1 2 3 4 5 5",
        "move 3 in c; fetch backward all from c; fetch c, 2 1 1",
        "fetch last c; fetch first c; fetch absolute 3 c; fetch absolute -2 c, 5 1 3 4",
        "fetch 2 c; fetch relative 2 c; fetch relative -1 c; fetch relative 0 c, 1 2 4 3 3",
        "fetch forward all c; fetch backward 2 c; fetch 0 c; fetch -1 c, 1 2 3 4 5 5 4 4 3",
        "fetch absolute 9 c; fetch prior c; fetch absolute 0 c; fetch c, 5 1",
        "fetch absolute -9 c; fetch c, 1",
        "fetch 9 from c; fetch c; fetch backward c, 1 2 3 4 5 5"
    })
    void aCursorStandsWherePostgresHasIt(String statements, String expected) throws SqlProblem {
        declare("declare c scroll cursor with hold for select 1", false);
        List<String> all = new ArrayList<>();
        for (String sql : statements.split("; ", -1)) {
            String rows = fetch(sql);
            if (!rows.isEmpty() && !sql.startsWith("move")) {
                all.add(rows);
            }
        }
        assertEquals(expected, String.join(" ", all));
    }

    @Test
    void aCursorEndsWithItsTransactionUnlessItIsHeld() throws SqlProblem {
        assertEquals(
                "25P01",
                assertThrows(SqlProblem.class, () -> declare("declare a cursor for select 1", false))
                        .sqlState());
        declare("declare a no scroll cursor without hold for select 1", true);
        declare("declare \"B\" insensitive cursor with hold for select 1", true);
        assertEquals(
                "42P03",
                assertThrows(SqlProblem.class, () -> declare("declare a cursor for select 1", true))
                        .sqlState());
        long held = cursors.heldBytes();
        assertTrue(held > 2 * ROWS, "rows and columns have a weight, too");
        cursors.transactionEnded(true);
        assertEquals(
                "34000", assertThrows(SqlProblem.class, () -> fetch("fetch a")).sqlState());
        assertEquals("1", fetch("fetch from \"B\""));
        cursors.close((Plan.Close) plan("close \"B\""));
        assertEquals(0, cursors.heldBytes());
        assertThrows(SqlProblem.class, () -> cursors.close((Plan.Close) plan("close \"B\"")));
        cursors.close((Plan.Close) plan("close all"));

        declare("declare c cursor with hold for select 1", true);
        cursors.transactionEnded(false);
        assertThrows(SqlProblem.class, () -> fetch("fetch c"), "it was never there");
        declare("declare c cursor with hold for select 1", true);
        cursors.transactionEnded(true);
        cursors.transactionEnded(false);
        assertEquals("1", fetch("fetch c"));
    }

    @ParameterizedTest
    @CsvSource({
        "declare",
        "declare c",
        "declare c cursor",
        "declare c cursor for",
        "declare c binary cursor for select 1",
        "declare c cursor for delete from connection",
        "fetch",
        "fetch 1",
        "fetch 1 from",
        "fetch absolute c",
        "fetch 99999999999999 c",
        "fetch c d e",
        "close",
        "close a b"
    })
    void whatIsNoneOfTheseIsRefused(String sql) {
        assertThrows(SqlProblem.class, () -> plan(sql));
    }
}
