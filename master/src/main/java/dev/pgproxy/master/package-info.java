/**
 * The master process: its front door, its start and its end.
 * It accepts clients and says which worker and which server each is for; it never touches their queries.
 */
@NullMarked
package dev.pgproxy.master;

import org.jspecify.annotations.NullMarked;
