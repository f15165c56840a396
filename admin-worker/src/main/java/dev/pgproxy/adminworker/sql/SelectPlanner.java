package dev.pgproxy.adminworker.sql;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Plans queries, both those that are statements and those within statements. */
final class SelectPlanner {

    /** The verbs that begin a query. */
    private static final Set<String> QUERIES = Set.of("SELECT", "WITH", "VALUES", "TABLE");

    /** The class of errors for statements that exceed a limit. */
    private static final String CLASS_LIMIT_EXCEEDED = "54";

    private SelectPlanner() {}

    /** The plan of a query that is a statement or a part of one. */
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
