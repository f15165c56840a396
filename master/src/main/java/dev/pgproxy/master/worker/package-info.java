/**
 * The children as the rest of the master sees them: which can be given work now, and how to send to them. Starting and replacing them is
 * the supervisor's part; nothing here knows of processes or channels.
 */
@NullMarked
package dev.pgproxy.master.worker;

import org.jspecify.annotations.NullMarked;
