/**
 * The master's share of what operators see and do through the pg_proxy database: it hands operators to the admin-worker, gathers rows
 * for it, and carries out commands. The admin-worker handles SQL and logins.
 */
@NullMarked
package dev.pgproxy.master.admin;

import org.jspecify.annotations.NullMarked;
