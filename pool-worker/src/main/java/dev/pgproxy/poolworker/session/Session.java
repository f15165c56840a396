package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.Negotiation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendUser;
import dev.pgproxy.poolworker.login.Login;
import dev.pgproxy.poolworker.login.SessionContext;
import dev.pgproxy.poolworker.login.SessionTerms;
import dev.pgproxy.poolworker.relay.Tally;
import dev.pgproxy.poolworker.traffic.BackendLease;
import dev.pgproxy.poolworker.traffic.LastWords;
import dev.pgproxy.poolworker.traffic.SessionState;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client and the backend that serves it. This owns the client's transport; the backend is borrowed and given back with
 * {@link Backend#release}. States and their order are in {@link SessionState}, phases in {@link SessionPhase}: first {@link Login}
 * lets the client in, then {@link Active} relays bytes until either side ends or the session continues elsewhere.
 */
public final class Session implements BackendUser {

    private final long id;
    private final PoolKey key;
    private final StartupPacket.Startup startup;
    private final SessionTerms terms;
    private final SessionOwner<Session> owner;
    private final long createdNs;
    private final Stay<Session> stay;

    /** Takes over the client's transport, but does not touch it before {@link #begin}. */
    public Session(
            long id,
            PoolKey key,
            StartupPacket.Startup startup,
            Transport frontend,
            PoolSettings settings,
            SessionTerms terms,
            SessionContext context,
            SessionOwner<Session> owner) {
        this.id = id;
        this.key = key;
        this.startup = startup;
        this.terms = terms;
        this.owner = owner;
        this.createdNs = context.loop().clock().nanoTime();
        this.stay = new Stay<>(this, key, startup, frontend, settings, terms, context, owner);
    }

    public long id() {
        return id;
    }

    public PoolKey key() {
        return key;
    }

    public SessionState state() {
        return stay.state();
    }

    /** The user, the database and all other parameters of the client's startup packet. */
    public StartupParameters parameters() {
        return startup.parameters();
    }

    /** The backend that serves or will serve this session; null before one is chosen and after the end. */
    public @Nullable Backend backend() {
        return stay.serverSide().backend();
    }

    public ClientOrigin origin() {
        return terms.origin();
    }

    /** Counts of what has been relayed so far. */
    public Tally tally() {
        return stay.serverSide().tally();
    }

    /** When the worker took over the client. */
    public long createdNs() {
        return createdNs;
    }

    /** When the session entered the state that an operator sees: its login, its query, or its rest after one. */
    public long stateSinceNs() {
        Tally tally = stay.serverSide().tally();
        if (tally.isRunning()) {
            return tally.startedNs();
        }
        return tally.queries() > 0 ? tally.endedNs() : stay.activeNs();
    }

    /** What the session waits for: the server or the client to read; null when it waits for neither. */
    public @Nullable String blockedBy() {
        BackendLease lease = stay.serverSide().lease();
        if (lease != null && lease.isServerSlow()) {
            return "the server to read";
        }
        Backend backend = stay.serverSide().backend();
        return backend != null && backend.fromServer().isBlocked() ? "the client to read" : null;
    }

    /** Whether the client has logged in. */
    public boolean wasIn() {
        return stay.wasIn();
    }

    /** The ErrorResponse that the client was sent at the end; empty when there was none, or the server sent it within the session. */
    public byte[] lastWords() {
        return stay.told();
    }

    /** The SQLSTATE of the server's last message, when that ended the session; empty otherwise. */
    public String serversLastSqlState() {
        return stay.serverSide().lastSqlState();
    }

    /** Whether the session has ended, or has passed its client on. */
    public boolean isOver() {
        return stay.isOver();
    }

    /** Puts other settings into force. */
    public void configure(PoolSettings newSettings) {
        contained(() -> stay.configure(newSettings));
    }

    /** Runs a step of this session. A fault that its client or server provokes ends this session, and no other. */
    public void contained(Runnable step) {
        stay.contained(step);
    }

    /** Closes a session that cannot even be ended in good order. */
    public void abandon() {
        stay.abandon();
    }

    /** Sets the backend, null when there is none yet; it is not used before {@link #begin} or {@link #backendAvailable}. */
    public void attach(@Nullable Backend chosen) {
        stay.serverSide().attach(chosen);
    }

    /** Sets the backend: one that is claimed or reserved for this session, or one that is about to connect. */
    public void useBackend(Backend chosen) {
        stay.serverSide().attach(chosen);
        inLogin(Login::backendAvailable);
    }

    /** Runs a step of the login, if that is still under way. */
    private void inLogin(Consumer<Login> step) {
        Login current = stay.login();
        if (current != null) {
            contained(() -> step.accept(current));
        }
    }

    /** The client now belongs to this worker alone, and may be written to. */
    public void begin() {
        stay.begin(this::frontendReady);
    }

    @Override
    public void backendAvailable() {
        Backend chosen = stay.serverSide().backend();
        if (chosen != null) {
            owner.joined(this, chosen);
        }
        inLogin(Login::backendAvailable);
    }

    @Override
    public void backendUnavailable() {
        stay.serverSide().attach(null);
        inLogin(Login::backendUnavailable);
    }

    @Override
    public void backendUnreachable(String reason) {
        stay.serverSide().attach(null);
        contained(() -> stay.giveBack(LastWords.unreachable(key.server(), reason)));
    }

    /**
     * The server is no longer the primary. A held session whose state another server can be given continues on the successor;
     * any other session ends.
     *
     * @return why this session does not continue; empty when it does
     */
    public String leaveServer(Endpoint successor) {
        try {
            String obstacle = park();
            if (!obstacle.isEmpty()) {
                stay.giveBack(LastWords.replacedServer(key.server(), successor));
            }
            return obstacle;
        } catch (RuntimeException | StackOverflowError e) {
            stay.broken(e);
            return "failed unexpectedly";
        }
    }

    private String park() {
        String obstacle = isReadyToLeave() && stay.mayPassOn() ? stay.hold().obstacle() : "is at work";
        if (!obstacle.isEmpty()) {
            return obstacle;
        }
        Resumption taken = stay.identity()
                .resumption(stay.attached().identity().statuses(), stay.hold().settings());
        if (taken.maxBytes() > Resumption.MAX_BYTES) {
            return "holds more state than can be moved";
        }
        byte[] packet = Negotiation.of(startup).serverPacket();
        return stay.passOn(client -> owner.parked(this, client, taken, packet)) ? "" : "has ended";
    }

    /** Whether the client waits for a place, which only the master can give it. */
    public boolean awaitsPlace() {
        Login current = stay.login();
        return current != null && current.awaitsPlace();
    }

    /** Whether the client may take over a backend of another client: one that was asked before, and proved nothing, may not. */
    public boolean mayHaveIdle() {
        Login current = stay.login();
        return current != null
                && current.evidence().replay() == null
                && (terms.askFirst() == AuthenticationMethod.OTHER
                        || current.evidence().proof() != null);
    }

    /** The client has a place; its backend is chosen next. */
    public void placed(long mostMs) {
        inLogin(current -> current.placed(mostMs));
    }

    /** The client gets no place. */
    public void refused(byte[] lastWords) {
        contained(() -> stay.part(lastWords));
    }

    /** The answer to {@link SessionOwner#askForRole}. */
    public void roleFound(RoleFacts found) {
        inLogin(current -> current.roleFound(found));
    }

    @Override
    public void backendConnected() {
        inLogin(current -> current.connected(stay.attached()));
    }

    private void frontendReady(int ready) {
        try {
            stay.phase().frontendReady(ready);
        } catch (RuntimeException | StackOverflowError e) {
            stay.broken(e);
        }
    }

    @Override
    public void backendReady(int ready) {
        try {
            stay.phase().backendReady(ready);
        } catch (RuntimeException | StackOverflowError e) {
            stay.broken(e);
        }
    }

    /**
     * Takes nothing more from the client once its transaction is over, or continues.
     *
     * @param evenLogin whether a login that is under way is held, too
     */
    public void hold(boolean wanted, boolean evenLogin) {
        contained(() -> comeToRest(wanted, evenLogin));
    }

    private void comeToRest(boolean wanted, boolean evenLogin) {
        stay.hold().want(wanted, evenLogin);
        stay.phase().holdChanged();
    }

    /** Whether something may happen here although the session is held, or its state at the server is not known. */
    public boolean isBusy() {
        return stay.phase().isBusy();
    }

    /** Whether the session is held and at rest, and its state at the server is known. */
    public boolean isReadyToLeave() {
        return stay.phase().isReadyToLeave();
    }

    /** Ends the session as soon as nothing in it runs. */
    public void askToShutDown() {
        stay.askToShutDown();
    }

    /** Ends the session now, and tells the client why where a message may begin. */
    public void endByShutdown() {
        contained(() -> stay.part(LastWords.shutdown()));
    }

    /** Ends the session now, or gives its client back: the server's name has another address. */
    public void endMoved() {
        contained(() -> stay.giveBack(LastWords.movedServer(key.server())));
    }

    /** Ends the session now, as an operator demands. */
    public void endByOperator() {
        contained(() -> stay.part(LastWords.endedByOperator()));
    }

    /** Whether a CancelRequest with this pid and secret is for the query of this session. */
    public boolean isCancelledBy(int pid, byte[] key) {
        return state() == SessionState.ACTIVE && stay.identity().isNamedBy(pid, key);
    }
}
