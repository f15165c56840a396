/**
 * Clients on their way in: listening sockets, and the reading of startup packets.
 * What becomes of a client whose packet was read is not decided here.
 */
@NullMarked
package dev.pgproxy.master.accept;

import org.jspecify.annotations.NullMarked;
