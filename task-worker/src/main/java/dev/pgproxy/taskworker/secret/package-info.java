/**
 * What is known of a role that wants to log in: from the file of verifiers and from the server. Whether a client is let in is
 * decided by the pool-worker.
 */
@NullMarked
package dev.pgproxy.taskworker.secret;

import org.jspecify.annotations.NullMarked;
