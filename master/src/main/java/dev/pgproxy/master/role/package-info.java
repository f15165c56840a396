/**
 * What is known of the roles that clients log in with: requested by pool-workers, looked up by the task-worker, and cached here for a
 * while. Nothing is decided here.
 */
@NullMarked
package dev.pgproxy.master.role;

import org.jspecify.annotations.NullMarked;
