/**
 * Incoming clients: listening sockets, and the reading of startup packets.
 * What happens to a client after its packet was read is not decided here.
 */
@NullMarked
package dev.pgproxy.master.accept;

import org.jspecify.annotations.NullMarked;
