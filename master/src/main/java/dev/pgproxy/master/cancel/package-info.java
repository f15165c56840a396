/**
 * CancelRequests: finds the worker that owns the session, and lets the task-worker deliver the cancel.
 */
@NullMarked
package dev.pgproxy.master.cancel;

import org.jspecify.annotations.NullMarked;
