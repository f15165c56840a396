/** Sends alerts about the servers: through a program, a webhook or mail. */
@NullMarked
package dev.pgproxy.taskworker.alert;

import org.jspecify.annotations.NullMarked;
