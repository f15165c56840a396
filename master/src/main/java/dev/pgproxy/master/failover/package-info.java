/**
 * What happens when a server fails. {@link dev.pgproxy.master.failover.FailoverPolicy} decides, and does nothing itself; {@link
 * dev.pgproxy.master.failover.FailoverDesk} does what it says. {@link dev.pgproxy.master.failover.FailoverState} is what a restart must know.
 */
@NullMarked
package dev.pgproxy.master.failover;

import org.jspecify.annotations.NullMarked;
