/**
 * What the master and its children send to each other: the messages of each conversation, and which process may send them. Records only;
 * their encoding is in the channel package, the socket in io.
 */
@NullMarked
package dev.pgproxy.common.ipc;

import org.jspecify.annotations.NullMarked;
