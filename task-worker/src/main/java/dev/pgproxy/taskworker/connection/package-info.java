/** Connections of the proxy itself to a server, as the user that conninfo names. What they are used for is not known here. */
@NullMarked
package dev.pgproxy.taskworker.connection;

import org.jspecify.annotations.NullMarked;
