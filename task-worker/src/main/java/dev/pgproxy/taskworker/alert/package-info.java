/** Tells people what happened to the servers: by a program, by a webhook, by mail. */
@NullMarked
package dev.pgproxy.taskworker.alert;

import org.jspecify.annotations.NullMarked;
