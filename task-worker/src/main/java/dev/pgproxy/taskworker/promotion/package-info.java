/** How a standby is told to become the primary, and how others are kept from writing to the old one. When, is decided in the master. */
@NullMarked
package dev.pgproxy.taskworker.promotion;

import org.jspecify.annotations.NullMarked;
