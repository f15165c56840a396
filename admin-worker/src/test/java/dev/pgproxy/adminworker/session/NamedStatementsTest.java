package dev.pgproxy.adminworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlStates;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class NamedStatementsTest {

    private final NamedStatements statements = new NamedStatements();

    private static Prepared prepared(long bytes) {
        return new Prepared(null, List.of(), null, bytes);
    }

    private static void assertRefused(String sqlState, Executable what) {
        assertEquals(sqlState, assertThrows(SqlProblem.class, what).sqlState());
    }

    @Test
    void aNameIsTakenUntilItIsClosedAndTheEmptyOneNever() throws Exception {
        statements.put("a", prepared(1));
        statements.put("", prepared(1));
        assertRefused(SqlStates.DUPLICATE_STATEMENT, () -> statements.checkNew("a"));
        statements.checkNew("");
        statements.close("a");
        statements.checkNew("a");
        assertRefused(SqlStates.INVALID_STATEMENT_NAME, () -> statements.statement("a"));
    }

    @Test
    void theirBytesAreCountedAsLongAsTheyAreKept() throws Exception {
        Prepared second = prepared(200);
        statements.put("a", prepared(100));
        statements.put("b", second);
        assertEquals(300, statements.heldBytes());
        statements.put("a", prepared(50));
        assertEquals(250, statements.heldBytes());
        assertSame(second, statements.statement("b"));
        statements.discard();
        assertEquals(0, statements.heldBytes());
    }

    @Test
    void deallocateAllKeepsTheStatementWithoutAName() throws Exception {
        statements.put("a", prepared(1));
        statements.put("b", prepared(1));
        statements.put("", prepared(1));
        statements.deallocate("a");
        statements.statement("b");
        statements.deallocate("");
        statements.statement("");
        assertRefused(SqlStates.INVALID_STATEMENT_NAME, () -> statements.statement("b"));
    }

    @Test
    void thereIsABound() throws Exception {
        for (int i = 0; i < 1_000; i++) {
            statements.checkRoom();
            statements.put("s" + i, prepared(1));
        }
        assertRefused(SqlStates.PROGRAM_LIMIT_EXCEEDED, statements::checkRoom);
    }

    @Test
    void aPortalThatIsNotThereIsSaidToBe() {
        assertRefused(SqlStates.INVALID_CURSOR_NAME, () -> statements.portal("p"));
    }
}
