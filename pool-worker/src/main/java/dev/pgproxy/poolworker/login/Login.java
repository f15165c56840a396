package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.ScramVerifier;
import dev.pgproxy.common.auth.Verifiers;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.peer.PeerGroup;
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
import org.jspecify.annotations.Nullable;

/**
 * How a client gets into its session: let in by the server on a new backend, or by the proxy on a warm one. A client that comes with a
 * session is let in without a word. This has what goes from one {@link LoginPhase} to the next; none of it is kept once the client is in.
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

    /** How the client is asked before it has a place; OTHER when it has one, or was asked. */
    private AuthenticationMethod askFirst;

    private LoginPhase phase;
    private @Nullable RoleFacts facts;
    private boolean hasSpoken;

    /**
     * Nothing happens before {@link #begin}.
     *
     * @param identity learns what the client is told and proves
     * @param terms what the master says of the client
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
        this.address = PeerGroup.of(terms.origin().ip());
        this.evidence = new Evidence(context.secrets(), terms.resumption());
        this.timer = new LoginTimer(context.loop(), () -> host.contained(() -> host.part(LastWords.loginTimeout())));
        this.askFirst = terms.askFirst();
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

    /** The client may be spoken to, but nothing is done for it yet. */
    public void accept() {
        await(SessionState.WAITING);
    }

    /** Begins, within the time. */
    public void begin(long leftMs) {
        timer.start(leftMs);
        frontend.interest(Interest.HANGUP);
        if (isToAskFirst()) {
            check();
            return;
        }
        BackendState chosen = host.attached().state();
        if (chosen == BackendState.IN_SESSION || chosen == BackendState.CONNECTING) {
            check();
        }
    }

    /** Whether the client is to prove who it is before it gets a place. */
    private boolean isToAskFirst() {
        return askFirst != AuthenticationMethod.OTHER;
    }

    /** Whether the client waits for a place, which nobody but the master can give it. */
    public boolean awaitsPlace() {
        return phase instanceof Waiting waiting && waiting.awaitsPlace();
    }

    public Evidence evidence() {
        return evidence;
    }

    /** Whether the client was told nothing yet, so that another server may let it in. */
    public boolean isUnheard() {
        return !hasSpoken && !phase.hasSpoken();
    }

    /** The master is asked for a place. The time until there is one is not the login's. */
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
     * @param mostMs for all the rest of the login
     */
    public void placed(long mostMs) {
        await(SessionState.WAITING);
        timer.resume(mostMs);
    }

    /** The backend that the client waits for is at hand. */
    public void backendAvailable() {
        if (state() == SessionState.WAITING) {
            check();
        }
    }

    /** The backend that the client waits for will not come. */
    public void backendUnavailable() {
        if (phase instanceof Waiting waiting) {
            if (waiting.state() == SessionState.CHECKING) {
                await(SessionState.WAITING);
            }
            requests.needsBackend();
        }
    }

    /** Before a backend is used or opened, what is known of the role must be known as of then. */
    private void check() {
        RoleFacts known = facts;
        if (known != null && host.attached().state() == BackendState.CONNECTING) {
            goOn(known); // They are from before this backend, which is what counts.
            return;
        }
        await(SessionState.CHECKING);
        requests.askForRole();
    }

    /** The answer to {@link LoginRequests#askForRole}. */
    public void roleFound(RoleFacts found) {
        if (state() != SessionState.CHECKING && state() != SessionState.WAITING) {
            return;
        }
        facts = found;
        if (!isToAskFirst()) {
            goOn(found);
        } else if (ReusePolicy.canAskFirst(askFirst, found)) {
            byte[] saslRequest = BackendMessage.authenticationSasl(List.of(ScramVerifier.NAME));
            ask(askFirst, saslRequest, found, new Pipe(context.buffers(), new BlindInspector()), NOTHING);
        } else {
            wantPlace(false, NOTHING); // The server is to say what becomes of this client.
        }
    }

    private RoleFacts facts() {
        return facts == null ? RoleFacts.UNAVAILABLE : facts;
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
                    startAnew(chosen); // The server is to say whether this is the password still.
                } else if (proof != null) {
                    setUp(chosen, proof.message());
                } else if (evidence.resumption() != null) {
                    setUp(chosen, NOTHING); // A new password does not end the sessions that there are.
                } else {
                    ask(opened.method(), opened.saslRequest(), found, chosen.fromServer(), opened.negotiation());
                }
            }
            case START_ANEW -> startAnew(chosen);
        }
    }

    @Override
    public void startAnew(Backend unfit) {
        await(SessionState.WAITING);
        frontend.interest(Interest.HANGUP);
        unfit.giveUp();
    }

    /**
     * Asks a client that has a backend, which it may have or the server decides over a new one in its place; or one that has no place, and
     * costs nobody a connection until it has proved who it is.
     *
     * @param before what the client is told first
     */
    private void ask(AuthenticationMethod method, byte[] saslRequest, RoleFacts found, Pipe toClient, byte[] before) {
        hasSpoken = true;
        Verifiers verifiers = Verifiers.of(found.verifiers());
        Verification verification = new Verification(
                method, saslRequest, verifiers, startup.parameters().user(), context.secrets());
        String role = startup.parameters().serverUser();
        Verifying verifying = new Verifying(verification, frontend, toClient, context, role, address, host, this);
        phase = verifying;
        verifying.start(before);
    }

    @Override
    public void proved(Verification verification, byte[] message) {
        identity.proved(verification.clientKey());
        if (isToAskFirst()) {
            evidence.proved(new Proof(askFirst, message, facts(), verification.clientKey(), verification.replay()));
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
            host.leaveBackend(); // It was told nothing, and is as good as before for somebody else.
            wantPlace(false, NOTHING);
            warm.release(true, "");
        } else {
            startAnew(warm);
        }
    }

    /**
     * Gives the backend the client's values of what does not split pools, and lets the client in; where the server may refuse a
     * value, only when it has not.
     *
     * @param before what the client is told before AuthenticationOk
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

    /** Tells the client of a warm backend what a login would have told it; one who has its session already, what is new. */
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

    /** The new backend is connected, and the server is to let the client in. */
    public void connected(Backend fresh) {
        fresh.identity().startedWith(facts().fingerprint(), ClientSettings.ignored(startup, host.settings()));
        Negotiation negotiation = Negotiation.of(startup);
        Verifiers verifiers = Verifiers.of(facts().verifiers());
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
        RoleFacts known = facts();
        AuthenticationMethod method = serving.identity().method();
        String fingerprint = serving.identity().fingerprint();
        serving.loggedIn(ReusePolicy.decide(method, fingerprint, known) != ReusePolicy.Way.START_ANEW);
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

    /** The client is in: what it proved its password with, and what that was compared to, is wiped. */
    private void becomeActive(BackendLease lease) {
        timer.stop();
        evidence.wipe();
        identity.loggedIn();
        host.loggedIn(lease, ReusePolicy.askable(lease.backend().identity().method(), facts()));
    }

    /** The session ends, wherever the login is. */
    public void end() {
        timer.stop();
        phase.end();
        evidence.wipe();
    }
}
