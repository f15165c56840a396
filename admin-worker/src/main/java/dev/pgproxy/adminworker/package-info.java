/**
 * The admin-worker: serves the pg_proxy database to operators, in a process of its own, so that nothing that SQL does to it costs a client
 * its session. The rows that it shows and the commands that it takes go through the master.
 */
@NullMarked
package dev.pgproxy.adminworker;

import org.jspecify.annotations.NullMarked;
