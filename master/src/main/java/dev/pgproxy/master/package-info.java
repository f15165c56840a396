/**
 * The master process: its entry point, its start and its end. It accepts clients and assigns each to a worker and a server; it never
 * touches their queries.
 */
@NullMarked
package dev.pgproxy.master;

import org.jspecify.annotations.NullMarked;
