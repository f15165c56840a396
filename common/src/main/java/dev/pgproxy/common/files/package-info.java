/** Whether other users could replace a file, and whether it is a file at all. */
@NullMarked
package dev.pgproxy.common.files;

import org.jspecify.annotations.NullMarked;
