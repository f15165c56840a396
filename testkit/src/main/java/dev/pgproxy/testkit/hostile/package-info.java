/**
 * Servers that break the protocol, on purpose and one rule at a time. What a proxy has to do about each is its tests' business.
 */
@NullMarked
package dev.pgproxy.testkit.hostile;

import org.jspecify.annotations.NullMarked;
