/** Messages between an operator's client and pg_proxy: parsing the client's, and building the answers. No I/O, no SQL. */
@NullMarked
package dev.pgproxy.adminworker.wire;

import org.jspecify.annotations.NullMarked;
