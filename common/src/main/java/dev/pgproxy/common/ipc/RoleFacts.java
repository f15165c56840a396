package dev.pgproxy.common.ipc;

import java.util.List;

/**
 * What decides whether a client may take over a backend of its role, as of one moment.
 *
 * @param known whether the server could be asked; if not, all else is empty
 * @param mayLogIn whether the role and the database exist, and the role may connect to the database
 * @param cleartextCheckable whether a server that asks for a password in clear text compares it with the verifier, and does not ask another
 *     service (ldap, pam, radius, bsd)
 * @param validForMs time left until the role's VALID UNTIL; {@link #FOR_EVER} when it has none, not positive when it has passed
 * @param fingerprint stands for all that a session reads only at its start: a backend opened under another one is not as good as new
 * @param verifiers what a client's password is checked against, as in pg_authid: {@code md5...} and {@code SCRAM-SHA-256$...}, at
 *     most one of each; empty when there is none
 * @param serversOwn whether the server compares passwords with the same verifiers. Others may have another salt, and then a ClientKey that
 *     fits them is useless at the server
 */
public record RoleFacts(
        boolean known,
        boolean mayLogIn,
        boolean cleartextCheckable,
        long validForMs,
        String fingerprint,
        List<String> verifiers,
        boolean serversOwn) {

    public static final long FOR_EVER = Long.MAX_VALUE;

    /** The server could not be asked. */
    public static final RoleFacts UNAVAILABLE = new RoleFacts(false, false, false, FOR_EVER, "", List.of(), true);

    /** The same facts some time later. */
    public RoleFacts afterMs(long elapsedMs) {
        return validForMs == FOR_EVER
                ? this
                : new RoleFacts(
                        known,
                        mayLogIn,
                        cleartextCheckable,
                        validForMs - elapsedMs,
                        fingerprint,
                        verifiers,
                        serversOwn);
    }

    /** Without the verifiers: with one, the server can be impersonated, and the password guessed offline. */
    @Override
    public String toString() {
        return "RoleFacts[known=" + known + ", mayLogIn=" + mayLogIn + ", validForMs=" + validForMs + ", fingerprint="
                + fingerprint + ", verifiers=" + verifiers.size() + "]";
    }
}
