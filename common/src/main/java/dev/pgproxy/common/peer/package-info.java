/** Who the clients are that connect, as far as the system tells. */
@NullMarked
package dev.pgproxy.common.peer;

import org.jspecify.annotations.NullMarked;
