/** What is found out about a server by asking it. How it is asked is up to the task-worker, and what follows is up to the master. */
@NullMarked
package dev.pgproxy.common.probe;

import org.jspecify.annotations.NullMarked;
