/**
 * Everything native: epoll, sockets, descriptors and the control channel, through JNA and junixsocket.
 * No other package touches either library. Nothing here knows PostgreSQL or what a session is.
 */
@NullMarked
package dev.pgproxy.common.io;

import org.jspecify.annotations.NullMarked;
