/** What was measured: the figures, their values by peer and round, and the comparison of two runs. Measures nothing itself. */
@NullMarked
package dev.pgproxy.benchmarks.result;

import org.jspecify.annotations.NullMarked;
