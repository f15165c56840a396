package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.sql.Description;
import dev.pgproxy.adminworker.sql.Plan;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A statement that was parsed; an empty one has no plan.
 *
 * @param bytes that it takes, about
 */
record Prepared(
        @Nullable Plan plan,
        List<Integer> parameterOids,
        @Nullable Description description,
        long bytes) {}
