/**
 * Every decoder of what strangers, servers and operators send, as a function of bytes that must throw only what it declares. The tests
 * replay a corpus and mutations of it from a seed; {@code scripts/fuzz} searches further with Jazzer.
 */
@NullMarked
package dev.pgproxy.fuzzing;

import org.jspecify.annotations.NullMarked;
