/**
 * An operator's session: the login, the messages of both query protocols, and who may do what. It runs on the loop; what takes time is done
 * elsewhere, and the session goes on when the answer is there.
 */
@NullMarked
package dev.pgproxy.adminworker.session;

import org.jspecify.annotations.NullMarked;
