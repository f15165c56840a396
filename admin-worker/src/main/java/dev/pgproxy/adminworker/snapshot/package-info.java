/**
 * What the tables hold at one moment: how it is asked for, how it comes, and what is counted from it. Who reads it does not matter here.
 */
@NullMarked
package dev.pgproxy.adminworker.snapshot;

import org.jspecify.annotations.NullMarked;
