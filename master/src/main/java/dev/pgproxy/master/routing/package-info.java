/**
 * Which server and which worker a client is for, who has to wait, and who may come next.
 * The decisions are pure; only the Dispatcher acts on them.
 */
@NullMarked
package dev.pgproxy.master.routing;

import org.jspecify.annotations.NullMarked;
