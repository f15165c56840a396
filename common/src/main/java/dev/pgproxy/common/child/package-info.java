/**
 * What every child of the master does the same way: its arguments, its name, its log, its signals, and its end of the control channel. A
 * child's own work is in its own module.
 */
@NullMarked
package dev.pgproxy.common.child;

import org.jspecify.annotations.NullMarked;
