/** How a standby is told to become the primary. When, is decided in the master. */
@NullMarked
package dev.pgproxy.taskworker.promotion;

import org.jspecify.annotations.NullMarked;
