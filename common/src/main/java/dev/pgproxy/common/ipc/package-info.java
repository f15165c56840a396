/**
 * What the master and its children say to each other: the messages, their encoding, and who may send what.
 * Bytes and records only; the socket that carries them is in the io package.
 */
@NullMarked
package dev.pgproxy.common.ipc;

import org.jspecify.annotations.NullMarked;
