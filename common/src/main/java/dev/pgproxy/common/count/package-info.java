/** What a process counts: each figure by name, for the table {@code counter} of pg_proxy and for other readers later. */
@NullMarked
package dev.pgproxy.common.count;

import org.jspecify.annotations.NullMarked;
