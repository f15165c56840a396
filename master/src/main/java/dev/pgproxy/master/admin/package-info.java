/**
 * What operators see and do through the pg_proxy database, as far as it is the master's: their way to the admin-worker, the rows that
 * the master gathers for it, and the commands that it carries out. SQL and logins are the admin-worker's.
 */
@NullMarked
package dev.pgproxy.master.admin;

import org.jspecify.annotations.NullMarked;
