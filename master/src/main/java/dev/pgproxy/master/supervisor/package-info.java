/**
 * The master's children: how they are started, watched, replaced and stopped.
 * What they are told and what they report is not looked at here.
 */
@NullMarked
package dev.pgproxy.master.supervisor;

import org.jspecify.annotations.NullMarked;
