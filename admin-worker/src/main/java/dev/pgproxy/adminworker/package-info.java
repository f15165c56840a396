/**
 * The admin-worker: serves the pg_proxy database to operators, in a process of its own, so that whatever SQL does to it costs nobody his
 * session. What it shows and what it is told to do go through the master.
 */
@NullMarked
package dev.pgproxy.adminworker;

import org.jspecify.annotations.NullMarked;
