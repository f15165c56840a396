/**
 * A running pgproxy, started from the runnable tree as an operator would.
 */
@NullMarked
package dev.pgproxy.testkit.proxy;

import org.jspecify.annotations.NullMarked;
