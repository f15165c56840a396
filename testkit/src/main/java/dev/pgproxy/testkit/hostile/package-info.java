/**
 * Servers that break the protocol, on purpose and one rule at a time, and crowds of clients that want to obstruct.
 * What a proxy must do about each is left to its tests.
 */
@NullMarked
package dev.pgproxy.testkit.hostile;

import org.jspecify.annotations.NullMarked;
