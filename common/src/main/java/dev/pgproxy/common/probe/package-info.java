/** What is found out about a server by asking it. How it is asked is the task-worker's business, and what follows is the master's. */
@NullMarked
package dev.pgproxy.common.probe;

import org.jspecify.annotations.NullMarked;
