/**
 * The hot path: bytes from one connection to the other, message boundaries on the way, and what is known about the
 * running query. Works in place and allocates nothing per message; knows neither pools nor logins.
 */
@NullMarked
package dev.pgproxy.poolworker.relay;

import org.jspecify.annotations.NullMarked;
