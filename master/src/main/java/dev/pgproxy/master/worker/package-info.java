/**
 * The children as the rest of the master sees them: who can be given work now, and the way to them. How they are started and replaced
 * is the supervisor's; nothing here knows a process or a channel.
 */
@NullMarked
package dev.pgproxy.master.worker;

import org.jspecify.annotations.NullMarked;
