/**
 * What is known of the roles that clients log in with: asked for by pool-workers, found out by the task-worker, and kept here for
 * a while. Nothing is decided here.
 */
@NullMarked
package dev.pgproxy.master.role;

import org.jspecify.annotations.NullMarked;
