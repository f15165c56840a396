/**
 * PostgreSQL's frontend/backend protocol as records and bytes: startup packets, messages that the proxy writes itself, and the framer that
 * finds message boundaries. No I/O and no session state.
 */
@NullMarked
package dev.pgproxy.common.protocol;

import org.jspecify.annotations.NullMarked;
