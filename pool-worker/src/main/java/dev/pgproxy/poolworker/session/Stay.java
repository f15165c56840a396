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
 * A client's stay at this worker: its login, then its active session, the backend that serves it, and the end, when the client is
 * closed or passed on. This owns the client's transport.
 *
 * @param <S> the session, as its owner knows it
 */
public final class Stay<S> implements LoginHost, ActiveHost {

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

    /** What only a login needs; null once the client is in. */
    private @Nullable Login login;

    /** The session of a logged-in client; null before the client is in, and after the end. */
    private @Nullable Active active;

    private boolean shutdownAsked;
    private boolean over;
    private boolean closedTold;
    private boolean wasIn;
    private byte[] told = LastWords.NONE;

    /** Last words for the client, sent as soon as it may be written to; null as long as its session is to continue. */
    private byte @Nullable [] wordsWhenBegun;

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
        this.login =
                new Login(this, new OwnerRequests<>(owner, session), key, startup, frontend, context, identity, terms);
    }

    SessionState state() {
        if (over) {
            return SessionState.CLOSED;
        }
        if (login != null) {
            return login.state();
        }
        return active == null ? SessionState.CLOSED : active.state();
    }

    /** Null once the client is in, and after the end. */
    @Nullable
    Login login() {
        return login;
    }

    /** Null before the client is in, and after the end. */
    @Nullable
    Active active() {
        return active;
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
    }

    /** Puts other settings into force. */
    void configure(PoolSettings newSettings) {
        settings = newSettings;
        if (!newSettings.moveSessions()) {
            identity.stay(active != null);
            hold.stay();
        }
        if (active != null) {
            active.configure(newSettings);
        }
    }

    /** The client may now be written to: begins its login, or ends its session if that is due already. */
    void begin(Login current, ReadyHandler whenReady) {
        current.accept();
        byte[] early = wordsWhenBegun;
        if (early != null) {
            part(early);
            return;
        }
        frontend.onReady(whenReady);
        current.begin(terms.loginTimeLeftMs());
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
        over = true;
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
        boolean isUntouched =
                login != null && login.isUnheard() && serverSide.tally().clientBytes() == 0;
        if (isUntouched && mayPassOn()) {
            passOn(client -> owner.returned(session, client, lastWords));
        } else {
            part(lastWords);
        }
    }

    @Override
    public void leave() {
        byte[] refusal = refusal();
        if (end()) {
            told = refusal; // A refused client may close before the server does.
            frontend.close();
            tellClosed();
        }
    }

    @Override
    public void part(byte[] lastWords) {
        if (state() == SessionState.ACCEPTED) {
            wordsWhenBegun = lastWords; // The client does not belong to this worker alone yet.
            return;
        }
        byte[] refusal = refusal();
        byte[] unread = serverSide.unread(lastWords);
        if (end()) {
            told = lastWords.length > 0 ? lastWords : refusal;
            context.lingering().close(frontend, unread);
            tellClosed();
        }
    }

    private byte[] refusal() {
        return login == null ? LastWords.NONE : login.phase().refusal();
    }

    /** @return false when the session was over already; else the caller closes or passes on the client, and tells the owner */
    private boolean end() {
        if (over) {
            return false;
        }
        if (login != null) {
            login.end();
        }
        if (active != null) {
            active.end();
        }
        identity.wipe();
        frontend.interest(Interest.NONE);
        over = true;
        login = null;
        active = null;
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
        if (login != null) {
            return login.phase().serverSaid(outcome);
        }
        return active != null && active.serverSaid(outcome);
    }

    @Override
    public void settle() {
        if (login != null) {
            login.phase().awaitNext();
        } else if (active != null) {
            active.settle();
        }
    }

    @Override
    public boolean isOver() {
        return over;
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
    public void loggedIn(BackendLease taken, AuthenticationMethod askable) {
        login = null;
        wasIn = true;
        activeNs = context.loop().clock().nanoTime();
        taken.backend().fromServer().takeReadBytes(); // What was sent before the session does not count as its own.
        active = new Active(
                taken,
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
