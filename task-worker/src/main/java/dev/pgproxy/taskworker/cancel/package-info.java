/**
 * CancelRequests on their way to servers. Whose query a cancel is for has been decided by the time one comes here.
 */
@NullMarked
package dev.pgproxy.taskworker.cancel;

import org.jspecify.annotations.NullMarked;
