/**
 * How the servers are. {@link dev.pgproxy.master.probe.FailureKind} is the table of what counts as down; a {@link
 * dev.pgproxy.master.probe.Prober} looks at one server on a thread of its own. What follows from that is decided elsewhere.
 */
@NullMarked
package dev.pgproxy.master.probe;

import org.jspecify.annotations.NullMarked;
