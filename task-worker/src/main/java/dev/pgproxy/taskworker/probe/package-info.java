/** How a server is: whether it answers, what it is, how far behind. What follows from that is the master's to decide. */
@NullMarked
package dev.pgproxy.taskworker.probe;

import org.jspecify.annotations.NullMarked;
