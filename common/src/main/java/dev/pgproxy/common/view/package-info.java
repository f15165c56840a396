/**
 * The tables of the pg_proxy database, and their rows on the way from the process that knows them to the one that shows them.
 * What a row says is decided where it is written; SQL is not known here.
 */
@NullMarked
package dev.pgproxy.common.view;

import org.jspecify.annotations.NullMarked;
