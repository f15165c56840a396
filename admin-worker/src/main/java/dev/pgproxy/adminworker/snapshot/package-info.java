/**
 * The contents of the tables at one moment: how they are requested, how they arrive, and what is counted from them. Their readers do not
 * matter here.
 */
@NullMarked
package dev.pgproxy.adminworker.snapshot;

import org.jspecify.annotations.NullMarked;
