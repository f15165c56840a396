package dev.pgproxy.master.routing;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupParameters;

/**
 * The user that runs pgproxy. A server whose pg_hba.conf says peer sees this user at the other end of its Unix socket, whoever the client is,
 * and asks for no password: packages install it so for every user, the superuser included. That must not let clients in.
 */
public record OwnUser(String name, int uid) {

    /** What the JDK calls a user that this host has no name for, as in a container; a server may have one. */
    private static final String UNKNOWN = "?";

    /** Whether the server could take the client for this user, although it is somebody else. */
    boolean isLentTo(Peer client, Endpoint server, StartupParameters parameters) {
        boolean isThisUser = client instanceof Peer.Unix local && local.uid() == uid;
        return server instanceof Endpoint.Unix
                && !isThisUser
                && (name.equals(UNKNOWN)
                        || StartupParameters.display(parameters.serverUser()).equals(name));
    }

    /** What such a client is told. */
    byte[] refusal(Endpoint server) {
        String why = name.equals(UNKNOWN)
                ? "the user that runs pgproxy has no name, so it lets nobody else log in over the Unix socket of "
                        + server
                : "pgproxy runs as " + name + ", so it lets nobody else log in as that role over the Unix socket of "
                        + server;
        return BackendMessage.fatal(
                SqlState.INVALID_AUTHORIZATION_SPECIFICATION,
                why,
                "With peer in pg_hba.conf, the server would not ask this client for a password. Log in as another role, run"
                        + " pgproxy as another user, or name the server by host and port.");
    }
}
