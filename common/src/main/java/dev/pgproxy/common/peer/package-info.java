/** What is known of the hosts that clients come from. */
@NullMarked
package dev.pgproxy.common.peer;

import org.jspecify.annotations.NullMarked;
