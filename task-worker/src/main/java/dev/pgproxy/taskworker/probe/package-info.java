/**
 * Looks at the servers. {@link dev.pgproxy.taskworker.probe.DriverFailure} is the table of what a failure means; a {@link
 * dev.pgproxy.taskworker.probe.Prober} looks at one server on a thread of its own. What follows from that is decided in the master.
 */
@NullMarked
package dev.pgproxy.taskworker.probe;

import org.jspecify.annotations.NullMarked;
