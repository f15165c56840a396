/**
 * What passes between a client and its server while a backend is leased: the relay in both directions, and its inspectors. This
 * package knows neither logins nor sessions.
 */
@NullMarked
package dev.pgproxy.poolworker.traffic;

import org.jspecify.annotations.NullMarked;
