package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.ScramVerifier;
import dev.pgproxy.common.auth.Verifiers;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.Negotiation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendState;
import dev.pgproxy.poolworker.backend.ReusePolicy;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.traffic.BackendLease;
import dev.pgproxy.poolworker.traffic.LastWords;
import dev.pgproxy.poolworker.traffic.ScramWitness;
import dev.pgproxy.poolworker.traffic.SessionState;
import java.util.List;
import java.util.Map;

/**
 * A client's way into its session: the server lets it in on a new backend, or the proxy on a warm one. A client that arrives with a
 * session is let in silently. This holds what one {@link LoginPhase} passes to the next; none of it is kept once the client is in.
 */
public final class Login implements LoginSteps {

    private static final byte[] NOTHING = {};

    private final LoginHost host;
    private final LoginRequests requests;
    private final PoolKey key;
    private final StartupPacket.Startup startup;
    private final Transport frontend;
    private final SessionContext context;
    private final SessionIdentity identity;
    private final String address;
    private final Evidence evidence;
    private final LoginTimer timer;

    /** How to ask the client for its password before it has a place; OTHER when it has one, or has been asked. */
    private AuthenticationMethod askFirst;

    private LoginPhase phase;
    private final KnownRole role;
    private boolean hasSpoken;

    /**
     * Nothing happens before {@link #begin}.
     *
     * @param identity notes what the client is sent and what it proves
     * @param terms what the master says about the client
     */
    public Login(
            LoginHost host,
            LoginRequests requests,
            PoolKey key,
            StartupPacket.Startup startup,
            Transport frontend,
            SessionContext context,
            SessionIdentity identity,
            SessionTerms terms) {
        this.host = host;
        this.requests = requests;
        this.key = key;
        this.startup = startup;
        this.frontend = frontend;
        this.context = context;
        this.identity = identity;
        this.address = terms.origin().peer().group();
        this.evidence = new Evidence(context.secrets(), terms.resumption());
        this.timer = new LoginTimer(context.loop(), () -> host.contained(() -> host.part(LastWords.loginTimeout())));
        this.askFirst = terms.askFirst();
        this.role = new KnownRole(terms.role());
        this.phase = new Waiting(SessionState.ACCEPTED, false, host, this);
    }

    public LoginPhase phase() {
        return phase;
    }

    public SessionState state() {
        return phase.state();
    }

    private void await(SessionState next) {
        phase = new Waiting(next, false, host, this);
    }

    /** The client may be written to, but nothing is done for it yet. */
    public void accept() {
        await(SessionState.WAITING);
    }

    /** Begins the login, which may take this long. */
    public void begin(long leftMs) {
        timer.start(leftMs);
        frontend.interest(Interest.HANGUP);
        if (isToAskFirst() || host.attached().state().awaitsLogin()) {
            check();
        }
        role.takeTold(); // Later it is not new enough.
    }

    /** Whether the client must prove its identity before it gets a place. */
    private boolean isToAskFirst() {
        return askFirst != AuthenticationMethod.OTHER;
    }

    /** Whether the client waits for a place, which only the master can give it. */
    public boolean awaitsPlace() {
        return phase instanceof Waiting waiting && waiting.awaitsPlace();
    }

    public Evidence evidence() {
        return evidence;
    }

    /** Whether the client has been sent nothing yet, so that another server may let it in. */
    public boolean isUnheard() {
        return !hasSpoken && !phase.hasSpoken();
    }

    /** Asks the master for a place. The wait for one does not count as login time. */
    private void wantPlace(boolean proved, byte[] refusal) {
        askFirst = AuthenticationMethod.OTHER;
        timer.pause();
        phase = new Waiting(SessionState.WAITING, true, host, this);
        frontend.interest(Interest.HANGUP);
        requests.wantPlace(proved, refusal);
    }

    /**
     * The master gives a place.
     *
     * @param mostMs bound on the rest of the login
     */
    public void placed(long mostMs) {
        await(SessionState.WAITING);
        timer.resume(mostMs);
    }

    /** The backend that the client waits for is available. */
    public void backendAvailable() {
        if (state() == SessionState.WAITING) {
            check();
        }
    }

    /** The client will not get the backend that it waits for. */
    public void backendUnavailable() {
        if (phase instanceof Waiting waiting) {
            if (waiting.state() == SessionState.CHECKING) {
                await(SessionState.WAITING);
            }
            requests.needsBackend();
        }
    }

    /** Before a backend is used or opened, what is known of the role must be brought up to date. */
    private void check() {
        if (role.isKnown() && host.attached().state() == BackendState.CONNECTING) {
            goOn(role.facts()); // They date from before this backend, which is what counts.
            return;
        }
        await(SessionState.CHECKING);
        RoleFacts told = role.takeTold();
        if (told != null) {
            roleFound(told);
        } else {
            requests.askForRole();
        }
    }

    /** The answer to {@link LoginRequests#askForRole}. */
    public void roleFound(RoleFacts found) {
        if (state() != SessionState.CHECKING && state() != SessionState.WAITING) {
            return;
        }
        role.found(found);
        if (!isToAskFirst()) {
            goOn(found);
        } else if (ReusePolicy.canAskFirst(askFirst, found)) {
            byte[] saslRequest = BackendMessage.authenticationSasl(List.of(ScramVerifier.NAME));
            ask(askFirst, saslRequest, found, new Pipe(context.buffers(), new BlindInspector()), NOTHING);
        } else {
            wantPlace(false, NOTHING); // The server must decide about this client.
        }
    }

    private void goOn(RoleFacts found) {
        Backend chosen = host.attached();
        ServerIdentity opened = chosen.identity();
        Proof proof = evidence.proof();
        if (chosen.state() == BackendState.CONNECTING) {
            await(SessionState.WAITING);
            requests.connect(chosen);
            return;
        }
        switch (ReusePolicy.decide(opened.method(), opened.fingerprint(), found)) {
            case WELCOME -> setUp(chosen, proof == null ? opened.negotiation() : proof.message());
            case VERIFY -> {
                if (proof != null && !proof.holdsUnder(found)) {
                    startOver(chosen); // The server must say whether this is still the password.
                } else if (proof != null) {
                    setUp(chosen, proof.message());
                } else if (evidence.resumption() != null) {
                    setUp(chosen, NOTHING); // A new password does not end existing sessions.
                } else {
                    ask(opened.method(), opened.saslRequest(), found, chosen.fromServer(), opened.negotiation());
                }
            }
            case START_OVER -> startOver(chosen);
        }
    }

    @Override
    public void startOver(Backend unfit) {
        await(SessionState.WAITING);
        frontend.interest(Interest.HANGUP);
        unfit.giveUp();
    }

    /**
     * Asks the client for its password. A client with a backend then gets it, or the server decides on a new one in its place; a client
     * without a place costs no connection until it has proved its identity.
     *
     * @param before sent to the client first
     */
    private void ask(AuthenticationMethod method, byte[] saslRequest, RoleFacts found, Pipe toClient, byte[] before) {
        hasSpoken = true;
        Verifiers verifiers = Verifiers.of(found.verifiers());
        Verification verification = new Verification(
                method, saslRequest, verifiers, startup.parameters().user(), context.secrets());
        String user = startup.parameters().serverUser();
        Verifying verifying = new Verifying(verification, frontend, toClient, context, user, address, host, this);
        phase = verifying;
        verifying.start(before);
    }

    @Override
    public void proved(Verification verification, byte[] message) {
        identity.proved(verification.clientKey());
        if (isToAskFirst()) {
            evidence.proved(
                    new Proof(askFirst, message, role.facts(), verification.clientKey(), verification.replay()));
            wantPlace(true, NOTHING);
        } else {
            verification.wipe();
            setUp(host.attached(), message);
        }
    }

    @Override
    public void referred(Verification verification) {
        requests.roleDoubted(false);
        evidence.referred(verification.replay());
        if (isToAskFirst()) {
            wantPlace(false, NOTHING);
            return;
        }
        Backend warm = host.attached();
        if (requests.canGivePlaces()) {
            host.leaveBackend(); // It was sent nothing, and is as good as before for another client.
            wantPlace(false, NOTHING);
            warm.release(true, "");
        } else {
            startOver(warm);
        }
    }

    /**
     * Gives the backend the client's values of the parameters that do not split pools, and lets the client in; where the server may
     * refuse a value, only after it has accepted.
     *
     * @param before sent to the client before AuthenticationOk
     */
    private void setUp(Backend warm, byte[] before) {
        if (warm.isStillAsNew()) {
            applySettings(warm, before);
        } else {
            phase.lostWhileIdle(warm);
        }
    }

    private void applySettings(Backend warm, byte[] before) {
        BackendLease lease = host.lease(warm, null);
        Map<String, String> changes =
                ClientSettings.changes(warm, ClientSettings.ignored(startup, host.settings()), evidence.resumption());
        if (changes.isEmpty() && !warm.isTimedByServer()) {
            welcome(lease, before);
            return;
        }
        ParameterSetting query = ParameterSetting.through(lease, changes);
        query.send();
        if (query.isCertain()) {
            query.anticipate();
            welcome(lease, before);
        } else {
            phase = new SettingUp(lease, query, before, evidence.resumption(), host, this);
            frontend.interest(Interest.HANGUP);
        }
        if (!host.isOver()) {
            warm.fromServer().inspectWith(query);
        }
    }

    /** Sends the client of a warm backend what a login would have sent; a client that has a session already, only what is new. */
    @Override
    public void welcome(BackendLease lease, byte[] before) {
        Backend warm = lease.backend();
        lease.inspect();
        Resumption resumption = evidence.resumption();
        byte[] words = resumption == null
                ? Greeting.full(warm.identity(), before, this::newSecret)
                : Greeting.news(warm.identity(), resumption);
        becomeActive(lease);
        if (!warm.fromServer().inject(words, frontend)) {
            host.leave();
            return;
        }
        host.settle();
    }

    /** The new backend is connected: the login at the server begins. */
    public void connected(Backend fresh) {
        fresh.identity().startedWith(role.facts().fingerprint(), ClientSettings.ignored(startup, host.settings()));
        Negotiation negotiation = Negotiation.of(startup);
        Verifiers verifiers = Verifiers.of(role.facts().verifiers());
        ScramWitness witness = evidence.isNone() ? identity.overhear(verifiers) : null;
        BackendLease lease = host.lease(fresh, witness);
        LoginInspector inspector = new LoginInspector(
                fresh.identity(),
                negotiation,
                evidence.resumption() == null ? this::newSecret : serverKey -> identity.secret(),
                evidence.answers(verifiers),
                witness,
                lease::tellServer,
                lease::inspect);
        ServerLogin login = new ServerLogin(lease, inspector, evidence, context.buffers(), host, requests, this);
        phase = login;
        login.start(negotiation.serverPacket());
    }

    private byte[] newSecret(byte[] serverKey) {
        byte[] secret = context.secrets().secret(serverKey.length);
        identity.told(host.attached().identity().pid(), secret);
        return secret;
    }

    @Override
    public void letIn(BackendLease lease) {
        Backend serving = lease.backend();
        RoleFacts known = role.facts();
        AuthenticationMethod method = serving.identity().method();
        String fingerprint = serving.identity().fingerprint();
        serving.loggedIn(ReusePolicy.decide(method, fingerprint, known) != ReusePolicy.Decision.START_OVER);
        if (ReusePolicy.lacksMeans(method, fingerprint, known)
                && !key.parameters().isReplication()) {
            requests.notReusable(method, known);
        }
        if (evidence.isSilent()) {
            Proof proof = evidence.proof();
            applySettings(serving, proof == null ? NOTHING : proof.message());
        } else {
            becomeActive(lease);
        }
    }

    @Override
    public void wantRoom(byte[] refusal) {
        Backend refused = host.attached();
        host.leaveBackend();
        wantPlace(true, refusal);
        refused.release(false, "");
    }

    /** The client is in: wipes what it proved its password with. */
    private void becomeActive(BackendLease lease) {
        timer.stop();
        evidence.wipe();
        identity.loggedIn();
        host.loggedIn(lease, ReusePolicy.askable(lease.backend().identity().method(), role.facts()));
    }

    /** The session ends, whatever phase the login is in. */
    public void end() {
        timer.stop();
        phase.end();
        evidence.wipe();
    }
}
