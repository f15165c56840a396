/** The master's questions to the task-worker about how the servers are, until they are answered. */
@NullMarked
package dev.pgproxy.master.probe;

import org.jspecify.annotations.NullMarked;
