/**
 * What passes between a client and its server while a backend is leased: the way in both directions, and who looks at it. It knows
 * neither logins nor sessions.
 */
@NullMarked
package dev.pgproxy.poolworker.traffic;

import org.jspecify.annotations.NullMarked;
