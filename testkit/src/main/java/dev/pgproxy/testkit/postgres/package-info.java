/**
 * Real PostgreSQL servers from embedded binaries, for tests and the quick start only.
 */
@NullMarked
package dev.pgproxy.testkit.postgres;

import org.jspecify.annotations.NullMarked;
