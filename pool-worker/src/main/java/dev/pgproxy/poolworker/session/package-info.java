/** A client joined to a backend: the client's stay, from its acceptance through its active session to its end. */
@NullMarked
package dev.pgproxy.poolworker.session;

import org.jspecify.annotations.NullMarked;
