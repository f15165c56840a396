/** The rules that the whole code base keeps, and the proof that they detect violations. */
@NullMarked
package dev.pgproxy.architecture;

import org.jspecify.annotations.NullMarked;
