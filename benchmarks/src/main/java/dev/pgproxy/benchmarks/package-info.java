/** The benchmark that {@code scripts/bench} runs: pgproxy beside its peers, in one run, on one machine. */
@NullMarked
package dev.pgproxy.benchmarks;

import org.jspecify.annotations.NullMarked;
