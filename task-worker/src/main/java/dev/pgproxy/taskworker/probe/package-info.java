/**
 * Probes the servers. {@link dev.pgproxy.taskworker.probe.DriverFailure} defines what a failure means; a {@link
 * dev.pgproxy.taskworker.probe.Prober} probes one server on a thread of its own. The master decides what follows.
 */
@NullMarked
package dev.pgproxy.taskworker.probe;

import org.jspecify.annotations.NullMarked;
