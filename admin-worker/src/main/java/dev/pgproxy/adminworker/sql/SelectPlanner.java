package dev.pgproxy.adminworker.sql;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Plans queries: those that are statements of their own, and those within others. */
final class SelectPlanner {

    /** How a query begins. */
    private static final Set<String> QUERIES = Set.of("SELECT", "WITH", "VALUES", "TABLE");

    /** Of errors that say that a statement is too much. */
    private static final String CLASS_LIMIT_EXCEEDED = "54";

    private SelectPlanner() {}

    /** The plan of a query, be it a statement or a part of one. */
    static Plan.Query plan(SqlText statement, Settings settings) throws SqlProblem {
        boolean isQuery = QUERIES.contains(statement.verb())
                || (!statement.tokens().isEmpty() && statement.tokens().get(0).isSymbol("("));
        if (!isQuery) {
            throw new SqlProblem(
                    SqlStates.READ_ONLY_SQL_TRANSACTION,
                    "the tables of pg_proxy can only be read",
                    "Write a SELECT.",
                    statement.tokens().isEmpty() ? 0 : statement.tokens().get(0).start() + 1);
        }
        QueryPlanner.check(statement);
        Plan.@Nullable Query nothing = NoRows.insteadOf(statement);
        try {
            Plan.Query query = QueryPlanner.plan(statement, settings);
            return nothing == null ? query : query.orElse(nothing);
        } catch (SqlProblem e) {
            if (nothing == null || e.sqlState().startsWith(CLASS_LIMIT_EXCEEDED)) {
                throw e;
            }
            return nothing;
        }
    }
}
