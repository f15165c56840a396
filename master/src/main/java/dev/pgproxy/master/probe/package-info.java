/** The master's requests to the task-worker about servers, until they are answered. */
@NullMarked
package dev.pgproxy.master.probe;

import org.jspecify.annotations.NullMarked;
