/** What people are told of the servers, on its way to the task-worker that tells them. */
@NullMarked
package dev.pgproxy.master.alert;

import org.jspecify.annotations.NullMarked;
