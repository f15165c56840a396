/**
 * The master's children: how they are started, watched, replaced and stopped. Apart from upkeep, their messages are not interpreted here.
 */
@NullMarked
package dev.pgproxy.master.supervisor;

import org.jspecify.annotations.NullMarked;
