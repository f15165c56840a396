/** The proxy's own connections to a server, as the user that conninfo names. Their use is not known here. */
@NullMarked
package dev.pgproxy.taskworker.connection;

import org.jspecify.annotations.NullMarked;
