/** Single steps of the hot paths under JMH, with the JVM options of master and pool-workers: {@code scripts/bench --micro}. */
@NullMarked
package dev.pgproxy.benchmarks.micro;

import org.jspecify.annotations.NullMarked;
