/**
 * Simulated time and I/O: the real loop runs on them, one seeded step after the other.
 */
@NullMarked
package dev.pgproxy.testkit.simulation;

import org.jspecify.annotations.NullMarked;
