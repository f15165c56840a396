/**
 * Which server and which worker a client is for, which clients have to wait, and which one is next.
 * The decisions are pure; only the Dispatcher and its parts act on them.
 */
@NullMarked
package dev.pgproxy.master.routing;

import org.jspecify.annotations.NullMarked;
