/**
 * The arithmetic of logins: what a server asks a client for, and whether the answer is right. Bytes in, bytes out; no I/O, no randomness of
 * its own, no clock, no logging.
 */
@NullMarked
package dev.pgproxy.common.auth;

import org.jspecify.annotations.NullMarked;
