package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.traffic.BackendLease;
import dev.pgproxy.poolworker.traffic.LastWords;
import dev.pgproxy.poolworker.traffic.RelayHost;
import dev.pgproxy.poolworker.traffic.RelayPhase;
import dev.pgproxy.poolworker.traffic.SessionState;
import org.jspecify.annotations.Nullable;

/** The backend gets the client's settings, which the server may refuse; until it has accepted them, the client is told nothing. */
public final class SettingUp extends RelayPhase implements LoginPhase {

    private static final byte[] NOTHING = {};

    private final BackendLease lease;
    private final ParameterSetting query;
    private final byte[] beforeWelcome;
    private final @Nullable Resumption resumption;
    private final RelayHost host;
    private final LoginSteps steps;

    /**
     * @param beforeWelcome sent to the client before AuthenticationOk
     * @param resumption of the session that the client has already; null when it is about to log in
     */
    SettingUp(
            BackendLease lease,
            ParameterSetting query,
            byte[] beforeWelcome,
            @Nullable Resumption resumption,
            RelayHost host,
            LoginSteps steps) {
        super(host);
        this.lease = lease;
        this.query = query;
        this.beforeWelcome = beforeWelcome;
        this.resumption = resumption;
        this.host = host;
        this.steps = steps;
    }

    @Override
    protected BackendLease lease() {
        return lease;
    }

    @Override
    public SessionState state() {
        return SessionState.SETTING_UP;
    }

    @Override
    public void frontendReady(int ready) {
        host.leave(); // Only a hang-up is awaited here.
    }

    @Override
    protected void serverWasRead(boolean wasRunning) {
        // Its answer is handled together with what else arrived.
    }

    @Override
    protected void serverMoved() {
        if (query.hasFailed()) {
            Endpoint server = lease.backend().key().server();
            host.part(
                    resumption == null
                            ? LastWords.badSetting(query.error())
                            : LastWords.notMoved(server, LastWords.settingWords(query.error())));
        } else if (!lease.backend().progress().isRunning()) {
            steps.welcome(lease, beforeWelcome);
        }
    }

    @Override
    protected void serverStopped() {
        throw new IllegalStateException("nothing of the answer to a setting is kept from the client for good");
    }

    @Override
    protected boolean isExplained() {
        return false;
    }

    @Override
    public void lostWhileIdle(Backend claimed) {
        throw new IllegalStateException("the backend is at work already");
    }

    @Override
    public void awaitNext() {
        lease.interest(false, Interest.HANGUP);
    }

    @Override
    public boolean isAtRest() {
        return true;
    }

    @Override
    public boolean hasSpoken() {
        return false;
    }

    @Override
    public byte[] refusal() {
        return NOTHING;
    }

    @Override
    public void end() {
        // The backend, which is given back, knows how much of it was done.
    }
}
