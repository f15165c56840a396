/** Known bad code, for the proof that the rules detect it. Nothing uses it. */
@NullMarked
package dev.pgproxy.poolworker.bad;

import org.jspecify.annotations.NullMarked;
