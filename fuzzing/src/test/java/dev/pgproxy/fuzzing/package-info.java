/**
 * Every decoder of what strangers, servers and operators send, as a function of bytes that must not throw but what it says it throws. The
 * tests replay a corpus and mutate it by a seed; {@code scripts/fuzz} searches on with Jazzer.
 */
@NullMarked
package dev.pgproxy.fuzzing;

import org.jspecify.annotations.NullMarked;
