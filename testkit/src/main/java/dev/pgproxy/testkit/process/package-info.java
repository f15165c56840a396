/** Processes and directories that tests create, and the certainty that they are gone afterwards, even when a test is killed. */
@NullMarked
package dev.pgproxy.testkit.process;

import org.jspecify.annotations.NullMarked;
