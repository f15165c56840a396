/**
 * What makes connections to a server alike, as the master and the pool-workers both see it.
 * The pools themselves are in the pool-worker.
 */
@NullMarked
package dev.pgproxy.common.pool;

import org.jspecify.annotations.NullMarked;
