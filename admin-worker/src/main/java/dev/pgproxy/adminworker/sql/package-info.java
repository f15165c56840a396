/**
 * SQL over the tables of pg_proxy: what a statement is, what it may do, and its run in an in-memory database that holds nothing else.
 * Planning is pure; only the engine runs anything. Nothing here knows a client or the wire.
 */
@NullMarked
package dev.pgproxy.adminworker.sql;

import org.jspecify.annotations.NullMarked;
