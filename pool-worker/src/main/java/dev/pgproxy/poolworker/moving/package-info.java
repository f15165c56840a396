/** Sessions that continue on another server: how a session comes to rest, and what state it has at its server. */
@NullMarked
package dev.pgproxy.poolworker.moving;

import org.jspecify.annotations.NullMarked;
