/**
 * Servers that break the protocol, on purpose and one rule at a time, and crowds of clients that want to be in the way. What a proxy has to do
 * about each is its tests' business.
 */
@NullMarked
package dev.pgproxy.testkit.hostile;

import org.jspecify.annotations.NullMarked;
