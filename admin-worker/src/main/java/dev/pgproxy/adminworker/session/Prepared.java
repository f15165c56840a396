package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.sql.Description;
import dev.pgproxy.adminworker.sql.Plan;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A parsed statement; an empty one has no plan.
 *
 * @param bytes approximate bytes that it takes
 */
record Prepared(
        @Nullable Plan plan,
        List<Integer> parameterOids,
        @Nullable Description description,
        long bytes) {}
