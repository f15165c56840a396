/**
 * Everything native: epoll, TCP and control sockets, and descriptors, through JNA and junixsocket. No other package uses either library.
 * Nothing here knows of PostgreSQL or sessions.
 */
@NullMarked
package dev.pgproxy.common.io;

import org.jspecify.annotations.NullMarked;
