package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.session.SessionOwner;

/** What a login requests of the owner of the worker's sessions; each request is described at {@link SessionOwner}. */
public interface LoginRequests {

    void askForRole();

    void connect(Backend backend);

    void needsBackend();

    void wantPlace(boolean proved, byte[] refusal);

    boolean canGivePlaces();

    void roleDoubted(boolean methodToo);

    void notReusable(AuthenticationMethod method, RoleFacts facts);

    void serverFull(byte[] refusal);
}
