/** Alerts about the servers, on their way to the task-worker that sends them. */
@NullMarked
package dev.pgproxy.master.alert;

import org.jspecify.annotations.NullMarked;
