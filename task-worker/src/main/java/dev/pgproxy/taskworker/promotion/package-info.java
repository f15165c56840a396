/** How a standby is told to promote, and how others are kept from writing to the old primary. The master decides when. */
@NullMarked
package dev.pgproxy.taskworker.promotion;

import org.jspecify.annotations.NullMarked;
