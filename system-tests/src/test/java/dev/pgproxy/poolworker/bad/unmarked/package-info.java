/** A package that does not say what null means. */
@NullUnmarked
package dev.pgproxy.poolworker.bad.unmarked;

import org.jspecify.annotations.NullUnmarked;
