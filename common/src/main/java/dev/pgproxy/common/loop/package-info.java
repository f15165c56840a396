/**
 * The single-threaded event loop, its timers, and the interfaces that hide I/O and time. A whole worker can run on these under a simulated
 * clock, so nothing here opens a socket or reads a clock itself.
 */
@NullMarked
package dev.pgproxy.common.loop;

import org.jspecify.annotations.NullMarked;
