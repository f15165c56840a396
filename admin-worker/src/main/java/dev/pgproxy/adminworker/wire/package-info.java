/** Messages between an operator's client and pg_proxy: taking the client's apart, and making the answers. No I/O, no SQL. */
@NullMarked
package dev.pgproxy.adminworker.wire;

import org.jspecify.annotations.NullMarked;
