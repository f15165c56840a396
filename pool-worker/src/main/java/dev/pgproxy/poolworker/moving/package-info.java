/** Sessions that continue on another server: how one comes to rest, and what it has at its server. */
@NullMarked
package dev.pgproxy.poolworker.moving;

import org.jspecify.annotations.NullMarked;
