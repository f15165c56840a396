package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import org.jspecify.annotations.Nullable;

/**
 * What the master says about a client.
 *
 * @param loginTimeLeftMs bound on the rest of the login
 * @param idleExempt whether the client may idle outside a transaction without limit
 * @param singleUse whether no other client may have its backend after it
 * @param askFirst how it must prove its identity before it gets a place; {@link AuthenticationMethod#OTHER} when it has one
 * @param origin where it comes from
 * @param resumption of the session that it has already; null when it is about to log in
 * @param role what is known of its role now; null when the master has to be asked
 */
public record SessionTerms(
        long loginTimeLeftMs,
        boolean idleExempt,
        boolean singleUse,
        AuthenticationMethod askFirst,
        ClientOrigin origin,
        @Nullable Resumption resumption,
        @Nullable RoleFacts role) {}
