/**
 * A client joined to a backend: the login of a new one or a warm one, the relay between them, and the parting.
 */
@NullMarked
package dev.pgproxy.poolworker.session;

import org.jspecify.annotations.NullMarked;
