/** A client joined to a backend: the stay of a client, from its acceptance over its active session to its end. */
@NullMarked
package dev.pgproxy.poolworker.session;

import org.jspecify.annotations.NullMarked;
