/**
 * CancelRequests: finds the worker whose session one is for, and has the task-worker deliver it.
 */
@NullMarked
package dev.pgproxy.master.cancel;

import org.jspecify.annotations.NullMarked;
