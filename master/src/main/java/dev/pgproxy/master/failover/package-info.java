/**
 * What happens when a server fails. {@link dev.pgproxy.master.failover.FailoverPolicy} only decides; {@link
 * dev.pgproxy.master.failover.FailoverDesk} carries its decisions out. {@link dev.pgproxy.master.failover.FailoverState} is what must
 * survive a restart.
 */
@NullMarked
package dev.pgproxy.master.failover;

import org.jspecify.annotations.NullMarked;
