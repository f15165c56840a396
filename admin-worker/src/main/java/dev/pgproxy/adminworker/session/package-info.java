/**
 * An operator's session: the login, the messages of both query protocols, and permissions. It runs on the loop; work that takes time is
 * done elsewhere, and the session continues when the answer arrives.
 */
@NullMarked
package dev.pgproxy.adminworker.session;

import org.jspecify.annotations.NullMarked;
