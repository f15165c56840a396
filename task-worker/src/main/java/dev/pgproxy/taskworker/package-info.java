/**
 * The task-worker process: does what blocks, so that neither the master nor a pool-worker ever waits for it.
 * Here is only its front door; each kind of task has a package of its own.
 */
@NullMarked
package dev.pgproxy.taskworker;

import org.jspecify.annotations.NullMarked;
