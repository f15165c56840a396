/**
 * Whole processes against real servers and real clients: what an operator and a client see, nothing internal.
 */
@NullMarked
package dev.pgproxy.systemtests;

import org.jspecify.annotations.NullMarked;
