/**
 * The tables of the pg_proxy database, and their rows on the way from the process that knows them to the one that shows them. What a row
 * says is decided where it is written; nothing here knows SQL.
 */
@NullMarked
package dev.pgproxy.common.view;

import org.jspecify.annotations.NullMarked;
