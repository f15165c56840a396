/**
 * What is known of a role that wants to log in: from the file of verifiers and from the server. The pool-worker decides whether a client
 * is admitted.
 */
@NullMarked
package dev.pgproxy.taskworker.secret;

import org.jspecify.annotations.NullMarked;
