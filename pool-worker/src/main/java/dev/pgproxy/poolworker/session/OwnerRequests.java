package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.login.LoginRequests;

/** Passes the requests of one session's login to its owner. */
public record OwnerRequests<S>(SessionOwner<S> owner, S session) implements LoginRequests {

    @Override
    public void askForRole() {
        owner.askForRole(session);
    }

    @Override
    public void connect(Backend backend) {
        owner.connect(session, backend);
    }

    @Override
    public void needsBackend() {
        owner.needsBackend(session);
    }

    @Override
    public void wantPlace(boolean proved, byte[] refusal) {
        owner.wantPlace(session, proved, refusal);
    }

    @Override
    public boolean canGivePlaces() {
        return owner.canGivePlaces();
    }

    @Override
    public void roleDoubted(boolean methodToo) {
        owner.roleDoubted(session, methodToo);
    }

    @Override
    public void notReusable(AuthenticationMethod method, RoleFacts facts) {
        owner.notReusable(session, method, facts);
    }

    @Override
    public void serverFull(byte[] refusal) {
        owner.serverFull(session, refusal);
    }
}
