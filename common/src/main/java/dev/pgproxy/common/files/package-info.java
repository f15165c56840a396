/** Whether a file is where nobody else can put another one in its place, and whether it is a file at all. */
@NullMarked
package dev.pgproxy.common.files;

import org.jspecify.annotations.NullMarked;
