/** Code that breaks a rule of the routing. */
@NullMarked
package dev.pgproxy.master.routing.bad;

import org.jspecify.annotations.NullMarked;
