/**
 * The task-worker process: runs what may block, so that neither the master nor a pool-worker has to wait for it. This package is only its
 * entry point; each kind of task has a package of its own.
 */
@NullMarked
package dev.pgproxy.taskworker;

import org.jspecify.annotations.NullMarked;
