/** Addresses as text: how the configuration, the state file and the control protocol name a server, and the log a client. */
@NullMarked
package dev.pgproxy.common.net;

import org.jspecify.annotations.NullMarked;
