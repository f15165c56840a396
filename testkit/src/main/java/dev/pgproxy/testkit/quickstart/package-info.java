/**
 * The program behind scripts/quickstart.
 */
@NullMarked
package dev.pgproxy.testkit.quickstart;

import org.jspecify.annotations.NullMarked;
