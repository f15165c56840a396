/**
 * A client that speaks PostgreSQL's protocol byte by byte, for what no driver would send.
 */
@NullMarked
package dev.pgproxy.testkit.wire;

import org.jspecify.annotations.NullMarked;
