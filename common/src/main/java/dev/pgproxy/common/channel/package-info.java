/**
 * How control messages travel: the protocol's version and the numbers of its messages, their encoding, and the channel with its queue. The
 * messages are in the ipc package, the socket is in io.
 */
@NullMarked
package dev.pgproxy.common.channel;

import org.jspecify.annotations.NullMarked;
