package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.login.Login;
import dev.pgproxy.poolworker.login.LoginHost;
import dev.pgproxy.poolworker.login.LoginPhase;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.traffic.LastWords;
import dev.pgproxy.poolworker.traffic.SessionState;
import org.jspecify.annotations.Nullable;

/** The client logs in. What an event means depends on the step of its login, and on whether a backend is at work for it already. */
final class LoginTurn implements SessionPhase {

    private final Login login;
    private final LoginHost host;
    private final ServerSide serverSide;

    /** Last words for the client, sent as soon as it may be written to; null as long as its session is to continue. */
    private byte @Nullable [] wordsWhenBegun;

    LoginTurn(Login login, LoginHost host, ServerSide serverSide) {
        this.login = login;
        this.host = host;
        this.serverSide = serverSide;
    }

    Login login() {
        return login;
    }

    /**
     * The client may now be written to: begins its login, or ends its session if that is due already.
     *
     * @param leftMs bound on the login
     * @param listen run when the session continues, before the client is used
     */
    void begin(long leftMs, Runnable listen) {
        login.accept();
        byte[] early = wordsWhenBegun;
        if (early != null) {
            host.part(early);
            return;
        }
        listen.run();
        login.begin(leftMs);
    }

    private LoginPhase step() {
        return login.phase();
    }

    @Override
    public SessionState state() {
        return login.state();
    }

    @Override
    public void frontendReady(int ready) {
        step().frontendReady(ready);
    }

    @Override
    public void backendReady(int ready) {
        if (serverSide.lease() != null) {
            step().backendReady(ready);
        } else {
            claimedBackendReady(host.attached());
        }
    }

    /** A backend that is claimed but not used yet must be silent, or it is not as good as new. */
    private void claimedBackendReady(Backend claimed) {
        if (claimed.fromServer().isBlocked()) {
            claimed.transport().interest(Interest.NONE); // Its pipe is occupied by what the client is asked.
        } else if (!claimed.isStillAsNew()) {
            step().lostWhileIdle(claimed);
        }
    }

    @Override
    public boolean serverSaid(Pipe.Outcome outcome) {
        return step().serverSaid(outcome);
    }

    @Override
    public void settle() {
        step().awaitNext();
    }

    @Override
    public void configure(PoolSettings settings) {
        // A login reads the settings when it needs them.
    }

    @Override
    public void holdChanged() {
        if (serverSide.lease() != null) {
            step().awaitNext();
        }
    }

    @Override
    public boolean isBusy() {
        return !host.isLoginHeld() || !step().isAtRest();
    }

    @Override
    public boolean isReadyToLeave() {
        return false;
    }

    @Override
    public void shutdownAsked() {
        host.part(LastWords.shutdown());
    }

    @Override
    public boolean postpones(byte[] lastWords) {
        if (state() != SessionState.ACCEPTED) {
            return false;
        }
        wordsWhenBegun = lastWords;
        return true;
    }

    @Override
    public boolean isUnheard() {
        return login.isUnheard();
    }

    @Override
    public byte[] refusal() {
        return step().refusal();
    }

    @Override
    public void end() {
        login.end();
    }
}
