/**
 * The pool-worker process: serves the clients that the master hands over, and keeps their backends warm. This
 * package holds only its front door and wiring; it never listens and never decides which server a client is for.
 */
@NullMarked
package dev.pgproxy.poolworker;

import org.jspecify.annotations.NullMarked;
