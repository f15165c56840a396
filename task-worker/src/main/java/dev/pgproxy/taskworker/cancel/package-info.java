/** Sends CancelRequests to servers. Which query a cancel is for has been decided before. */
@NullMarked
package dev.pgproxy.taskworker.cancel;

import org.jspecify.annotations.NullMarked;
