/** Half of a cycle. */
@NullMarked
package dev.pgproxy.poolworker.bad.b;

import org.jspecify.annotations.NullMarked;
