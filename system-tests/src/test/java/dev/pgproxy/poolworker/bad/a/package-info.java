/** Half of a cycle. */
@NullMarked
package dev.pgproxy.poolworker.bad.a;

import org.jspecify.annotations.NullMarked;
