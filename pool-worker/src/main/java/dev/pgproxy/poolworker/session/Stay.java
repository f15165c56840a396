package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.login.Login;
import dev.pgproxy.poolworker.login.LoginHost;
import dev.pgproxy.poolworker.login.SessionContext;
import dev.pgproxy.poolworker.login.SessionIdentity;
import dev.pgproxy.poolworker.login.SessionTerms;
import dev.pgproxy.poolworker.moving.SessionHold;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.traffic.BackendLease;
import dev.pgproxy.poolworker.traffic.LastWords;
import dev.pgproxy.poolworker.traffic.ScramWitness;
import dev.pgproxy.poolworker.traffic.SessionState;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client's stay at this worker, from its login to the end, when the client is closed or passed on. This owns the client's
 * transport, and the phase that the session is in.
 *
 * @param <S> the session, as its owner knows it
 */
public final class Stay<S> implements LoginHost, ActiveHost {

    private static final SessionPhase ENDED = new Ended();

    private final S session;
    private final PoolKey key;
    private final Transport frontend;
    private final SessionTerms terms;
    private final SessionContext context;
    private final SessionOwner<S> owner;
    private final ServerSide serverSide;
    private final SessionIdentity identity;
    private final SessionHold hold;
    private PoolSettings settings;
    private long activeNs;

    private SessionPhase phase;
    private boolean shutdownAsked;
    private boolean closedTold;
    private boolean wasIn;
    private byte[] told = LastWords.NONE;

    Stay(
            S session,
            PoolKey key,
            StartupPacket.Startup startup,
            Transport frontend,
            PoolSettings settings,
            SessionTerms terms,
            SessionContext context,
            SessionOwner<S> owner) {
        this.session = session;
        this.key = key;
        this.frontend = frontend;
        this.settings = settings;
        this.terms = terms;
        this.context = context;
        this.owner = owner;
        this.activeNs = context.loop().clock().nanoTime();
        this.identity = new SessionIdentity(settings.moveSessions(), terms.resumption());
        this.serverSide =
                new ServerSide(frontend, context, name -> contained(() -> owner.databaseWanted(session, name)));
        this.hold = new SessionHold(settings.moveSessions(), serverSide.trace());
        var requests = new OwnerRequests<>(owner, session);
        Login login = new Login(this, requests, key, startup, frontend, context, identity, terms);
        this.phase = new LoginTurn(login, this, serverSide);
    }

    SessionState state() {
        return phase.state();
    }

    SessionPhase phase() {
        return phase;
    }

    /** Null once the client is in, and after the end. */
    @Nullable
    Login login() {
        return phase instanceof LoginTurn turn ? turn.login() : null;
    }

    ServerSide serverSide() {
        return serverSide;
    }

    SessionHold hold() {
        return hold;
    }

    SessionIdentity identity() {
        return identity;
    }

    /** When the client logged in; before that, when it arrived here. */
    long activeNs() {
        return activeNs;
    }

    boolean wasIn() {
        return wasIn;
    }

    /** The ErrorResponse that the client was sent at the end; empty when there was none. */
    byte[] told() {
        return told;
    }

    void askToShutDown() {
        shutdownAsked = true;
        contained(phase::shutdownAsked);
    }

    /** Puts other settings into force. */
    void configure(PoolSettings newSettings) {
        settings = newSettings;
        if (!newSettings.moveSessions()) {
            identity.stay(wasIn);
            hold.stay();
        }
        phase.configure(newSettings);
    }

    /** The client may now be written to: begins its login, or ends its session if that is due already. */
    void begin(ReadyHandler whenReady) {
        if (phase instanceof LoginTurn turn && turn.state() == SessionState.ACCEPTED) {
            contained(() -> turn.begin(terms.loginTimeLeftMs(), () -> frontend.onReady(whenReady)));
        }
    }

    /** Whether the client can be passed on: the master is there to take it, and no shutdown ends the session anyway. */
    boolean mayPassOn() {
        return !shutdownAsked && owner.hasMaster();
    }

    /**
     * Ends the stay and passes the client on.
     *
     * @param to takes over the client's transport
     * @return false when the stay was over already; nothing is taken over then
     */
    boolean passOn(Consumer<Transport> to) {
        if (!end()) {
            return false;
        }
        to.accept(frontend);
        closedTold = true;
        return true;
    }

    /** Runs a step of this session. A fault that its client or server provokes ends this session, and no other. */
    @Override
    public void contained(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | StackOverflowError e) {
            broken(e);
        }
    }

    void broken(Throwable cause) {
        owner.broken(session, cause);
        try {
            serverSide.doubt();
            part(LastWords.broken());
            if (!closedTold) {
                abandon(); // The session was over when the fault came, but its owner had not been told.
            }
        } catch (RuntimeException | StackOverflowError e) {
            abandon();
        }
    }

    /** Closes a session that cannot even be ended in good order. */
    void abandon() {
        serverSide.databases().end();
        phase = ENDED;
        try {
            frontend.close();
            serverSide.abandon();
        } finally {
            tellClosed();
        }
    }

    /** Tells the owner once, however the session ended. */
    private void tellClosed() {
        if (!closedTold) {
            closedTold = true;
            owner.closed(session);
        }
    }

    @Override
    public void giveBack(byte[] lastWords) {
        boolean isUntouched = phase.isUnheard() && serverSide.tally().clientBytes() == 0;
        if (isUntouched && mayPassOn()) {
            passOn(client -> owner.returned(session, client, lastWords));
        } else {
            part(lastWords);
        }
    }

    @Override
    public void leave() {
        byte[] refusal = phase.refusal();
        if (end()) {
            told = refusal; // A refused client may close before the server does.
            frontend.close();
            tellClosed();
        }
    }

    @Override
    public void part(byte[] lastWords) {
        if (phase.postpones(lastWords)) {
            return; // The client does not belong to this worker alone yet.
        }
        byte[] refusal = phase.refusal();
        byte[] unread = serverSide.unread(lastWords);
        if (end()) {
            told = lastWords.length > 0 ? lastWords : refusal;
            context.lingering().close(frontend, unread);
            tellClosed();
        }
    }

    /** @return false when the session was over already; else the caller closes or passes on the client, and tells the owner */
    private boolean end() {
        if (isOver()) {
            return false;
        }
        phase.end();
        identity.wipe();
        frontend.interest(Interest.NONE);
        phase = ENDED;
        serverSide.release(terms.singleUse());
        return true;
    }

    @Override
    public void leaveBackend() {
        serverSide.leave();
    }

    @Override
    public Backend attached() {
        Backend backend = serverSide.backend();
        if (backend == null) {
            throw new IllegalStateException("a session is " + state() + " without a backend");
        }
        return backend;
    }

    @Override
    public void serverViolated(ProtocolViolation violation) {
        owner.serverViolated(session, violation);
        part(LastWords.badServer(key.server(), violation));
    }

    @Override
    public boolean serverSaid(Pipe.Outcome outcome) {
        return phase.serverSaid(outcome);
    }

    @Override
    public void settle() {
        phase.settle();
    }

    @Override
    public boolean isOver() {
        return phase == ENDED;
    }

    @Override
    public boolean isShutdownAsked() {
        return shutdownAsked;
    }

    @Override
    public PoolSettings settings() {
        return settings;
    }

    @Override
    public BackendLease lease(Backend serving, @Nullable ScramWitness witness) {
        return serverSide.take(serving, witness, new OwnerNews<>(owner, session, serverSide.databases()));
    }

    @Override
    public BackendLease takeLease() {
        BackendLease taken = lease(attached(), null);
        taken.inspect();
        return taken;
    }

    @Override
    public void loggedIn(BackendLease taken, AuthenticationMethod askable) {
        wasIn = true;
        activeNs = context.loop().clock().nanoTime();
        taken.backend().fromServer().takeReadBytes(); // What was sent before the session does not count as its own.
        phase = new Active(
                serverSide,
                taken.backend(),
                context.loop(),
                hold,
                identity,
                terms.idleExempt(),
                key.parameters().isReplication(),
                settings,
                this);
        owner.opened(session, taken.backend(), askable);
    }

    @Override
    public boolean isLoginHeld() {
        return hold.isForLoginToo();
    }
}
