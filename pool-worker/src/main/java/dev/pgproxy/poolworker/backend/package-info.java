/**
 * Connections to servers: how one is opened, made ready for its next user, kept idle and given up.
 * What a client may do with one is the session package's business.
 */
@NullMarked
package dev.pgproxy.poolworker.backend;

import org.jspecify.annotations.NullMarked;
