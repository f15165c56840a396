package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.Verifiers;
import dev.pgproxy.common.ipc.RoleFacts;

/**
 * Decides whether a client may take over an idle backend: a pure function of how the backend was opened and of what is known of
 * the role now. Wherever the server itself might refuse the client, or accept it differently, the decision is left to the server.
 */
public final class ReusePolicy {

    /** What to do with the client. */
    public enum Decision {
        /** Accept it: the server would ask it nothing. */
        WELCOME,
        /** Accept it once it has proved that it knows the password. */
        VERIFY,
        /** Close the backend and let the server decide over a new one. */
        START_OVER
    }

    private ReusePolicy() {}

    /**
     * @param method by which the server accepted the backend's first client
     * @param openedUnder the role's fingerprint at that time; empty when it was not known
     */
    public static Decision decide(AuthenticationMethod method, String openedUnder, RoleFacts facts) {
        // Whatever the method: the role may have been dropped, or have lost LOGIN or a membership.
        if (!facts.known() || !facts.mayLogIn() || !facts.fingerprint().equals(openedUnder)) {
            return Decision.START_OVER;
        }
        if (method == AuthenticationMethod.TRUST) {
            return Decision.WELCOME; // VALID UNTIL applies only to passwords.
        }
        return canVerify(method, facts) ? Decision.VERIFY : Decision.START_OVER;
    }

    /** Whether the proxy itself can verify the password that the server would ask for by this method. */
    public static boolean canVerify(AuthenticationMethod method, RoleFacts facts) {
        return facts.known()
                && facts.mayLogIn()
                && facts.validForMs() > 0
                && (method != AuthenticationMethod.PASSWORD || facts.cleartextCheckable())
                && Verifiers.of(facts.verifiers()).support(method);
    }

    /**
     * Whether the proxy can ask a client for its password before there is a backend, and log in for it afterwards.
     *
     * @param method by which the server would ask
     */
    public static boolean canAskFirst(AuthenticationMethod method, RoleFacts facts) {
        return canVerify(method, facts) && (method != AuthenticationMethod.SCRAM_SHA_256 || facts.serversOwn());
    }

    /**
     * How the next client of this kind can be asked before it has a place: TRUST if it is not asked at all, OTHER
     * if only the server can ask.
     */
    public static AuthenticationMethod askable(AuthenticationMethod method, RoleFacts facts) {
        return method == AuthenticationMethod.TRUST || canAskFirst(method, facts) ? method : AuthenticationMethod.OTHER;
    }

    /**
     * Whether the proxy lacks the means to check a client as the server does. A role that may no longer log in, or
     * whose password has expired, is not such a case.
     */
    public static boolean lacksMeans(AuthenticationMethod method, String openedUnder, RoleFacts facts) {
        return decide(method, openedUnder, facts) == Decision.START_OVER
                && (!facts.known() || (facts.mayLogIn() && facts.validForMs() > 0));
    }

    /** Why a backend of this method cannot be reused under these facts, and what to do about it; for the log. */
    public static String remedy(AuthenticationMethod method, RoleFacts facts) {
        if (method == AuthenticationMethod.OTHER) {
            return "Use scram-sha-256, md5, password or trust in pg_hba.conf for clients that connect through the proxy.";
        }
        if (method == AuthenticationMethod.PASSWORD && facts.known() && !facts.cleartextCheckable()) {
            return "The server may ask ldap, pam or radius about passwords in clear text: use scram-sha-256 in"
                    + " pg_hba.conf, or put the role into auth_file.";
        }
        return facts.known()
                ? "Make conninfo.user a superuser, or put the role's password or verifier into auth_file."
                : "Make conninfo.user able to log in to conninfo.db on this server; the task-worker's log says what fails.";
    }
}
