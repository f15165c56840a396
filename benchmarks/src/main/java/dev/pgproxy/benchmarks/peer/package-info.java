/** What a user would pick instead of pgproxy, and pgproxy itself: how each is configured, started and ended. */
@NullMarked
package dev.pgproxy.benchmarks.peer;

import org.jspecify.annotations.NullMarked;
