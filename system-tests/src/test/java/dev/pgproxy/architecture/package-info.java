/** The rules that the whole code base keeps, and the proof that they notice when it does not. */
@NullMarked
package dev.pgproxy.architecture;

import org.jspecify.annotations.NullMarked;
