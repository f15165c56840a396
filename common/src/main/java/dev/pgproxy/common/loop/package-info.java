/**
 * The single-threaded event loop, its timers, and the interfaces behind which I/O and time hide.
 * A whole worker runs on these under a simulated clock; so nothing here opens a socket or reads a clock itself.
 */
@NullMarked
package dev.pgproxy.common.loop;

import org.jspecify.annotations.NullMarked;
