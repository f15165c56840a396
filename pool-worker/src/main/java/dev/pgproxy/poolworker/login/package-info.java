/** A client's way into its session: verified by the proxy, or let in by the server. None of this is kept once the client is in. */
@NullMarked
package dev.pgproxy.poolworker.login;

import org.jspecify.annotations.NullMarked;
