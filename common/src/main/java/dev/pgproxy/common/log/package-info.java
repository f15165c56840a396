/**
 * The log: one event per line with stable keys, written to stderr or to a file that can be reopened.
 * Never a password, a key or query text.
 */
@NullMarked
package dev.pgproxy.common.log;

import org.jspecify.annotations.NullMarked;
