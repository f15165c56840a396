package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.ScramExchange;
import dev.pgproxy.common.auth.ScramVerifier;
import dev.pgproxy.common.auth.Verifiers;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.Negotiation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendState;
import dev.pgproxy.poolworker.backend.ReusePolicy;
import dev.pgproxy.poolworker.relay.Pipe;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * How a client gets into its session: let in by the server on a new backend, or by the proxy on a warm one, which is then given
 * the client's settings. A client who comes with a session that it had on another server is let in without a word. This has what goes from
 * one {@link LoginPhase} to the next; none of it is kept once the client is in.
 */
final class Login implements LoginSteps {

    private static final byte[] NOTHING = {};

    private final LoginHost host;
    private final PoolKey key;
    private final StartupParameters parameters;
    private final Negotiation negotiation;
    private final Transport frontend;
    private final SessionContext context;
    private final SessionIdentity identity;
    private final String ip;
    private final @Nullable Resumption resumption;

    /** How the client is asked before it has a place; OTHER when it has one, or was asked. */
    private AuthenticationMethod askFirst;

    private LoginPhase phase;
    private @Nullable RoleFacts facts;
    private @Nullable Proof proof;
    private @Nullable Replay replay;
    private boolean hasSpoken;
    private long timeLeftMs;
    private long timerSinceNs;
    private Scheduler.@Nullable Timer timer;

    /**
     * Nothing happens before {@link #begin}.
     *
     * @param identity learns what the client is told and proves
     * @param terms what the master says of the client
     */
    Login(
            LoginHost host,
            PoolKey key,
            StartupPacket.Startup startup,
            Transport frontend,
            SessionContext context,
            SessionIdentity identity,
            SessionTerms terms) {
        this.host = host;
        this.key = key;
        this.parameters = startup.parameters();
        this.negotiation = Negotiation.of(startup);
        this.frontend = frontend;
        this.context = context;
        this.identity = identity;
        this.ip = terms.origin().ip();
        this.resumption = terms.resumption();
        this.askFirst = terms.askFirst();
        this.phase = new Waiting(SessionState.ACCEPTED, false, host, this);
    }

    LoginPhase phase() {
        return phase;
    }

    SessionState state() {
        return phase.state();
    }

    private void await(SessionState next) {
        phase = new Waiting(next, false, host, this);
    }

    /** The client may be spoken to, but nothing is done for it yet. */
    void accept() {
        await(SessionState.WAITING);
    }

    /** Begins, within the time. */
    void begin(long leftMs) {
        startTimer(leftMs);
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

    private void startTimer(long leftMs) {
        timeLeftMs = leftMs;
        timerSinceNs = context.loop().clock().nanoTime();
        timer = context.loop()
                .scheduler()
                .afterMs(timeLeftMs, () -> host.contained(() -> host.part(LastWords.loginTimeout())));
    }

    /** Whether the client is to prove who it is before it gets a place. */
    private boolean isToAskFirst() {
        return askFirst != AuthenticationMethod.OTHER;
    }

    /** Whether the client waits for a place, which nobody but the master can give it. */
    boolean awaitsPlace() {
        return phase instanceof Waiting waiting && waiting.awaitsPlace();
    }

    /** Whether the client has proved to the proxy who it is, so that it may have a backend that was somebody else's. */
    boolean isProved() {
        return proof != null;
    }

    /** Whether the proxy has asked the client, and did not get the right answer. */
    boolean isReferred() {
        return replay != null;
    }

    /** Whether the client was told nothing yet, so that another server may let it in. */
    boolean isUnheard() {
        return !hasSpoken && !phase.hasSpoken();
    }

    /** The master is asked for a place. The time until there is one is not the login's. */
    private void wantPlace(boolean proved, byte[] refusal) {
        askFirst = AuthenticationMethod.OTHER;
        stopTimer();
        long spentMs = TimeUnit.NANOSECONDS.toMillis(context.loop().clock().nanoTime() - timerSinceNs);
        timeLeftMs = Math.max(1, timeLeftMs - spentMs);
        phase = new Waiting(SessionState.WAITING, true, host, this);
        frontend.interest(Interest.HANGUP);
        host.wantPlace(proved, refusal);
    }

    /**
     * The master gives a place.
     *
     * @param mostMs for all the rest of the login
     */
    void placed(long mostMs) {
        await(SessionState.WAITING);
        startTimer(Math.min(timeLeftMs, mostMs));
    }

    /** The backend that the client waits for is at hand. */
    void backendAvailable() {
        if (state() == SessionState.WAITING) {
            check();
        }
    }

    /** The backend that the client waits for will not come. */
    void backendUnavailable() {
        if (phase instanceof Waiting waiting) {
            if (waiting.state() == SessionState.CHECKING) {
                await(SessionState.WAITING);
            }
            host.needsBackend();
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
        host.askForRole();
    }

    /** The answer to {@link LoginHost#askForRole}. */
    void roleFound(RoleFacts found) {
        if (state() != SessionState.CHECKING && state() != SessionState.WAITING) {
            return;
        }
        facts = found;
        if (!isToAskFirst()) {
            goOn(found);
        } else if (ReusePolicy.canAskFirst(askFirst, found)) {
            ask(
                    verification(askFirst, BackendMessage.authenticationSasl(List.of(ScramVerifier.NAME)), found),
                    new Pipe(context.buffers(), new BlindInspector()),
                    NOTHING);
        } else {
            wantPlace(false, NOTHING); // The server is to say what becomes of this client.
        }
    }

    @Override
    public RoleFacts facts() {
        return facts == null ? RoleFacts.UNAVAILABLE : facts;
    }

    private void goOn(RoleFacts found) {
        Backend chosen = host.attached();
        if (chosen.state() == BackendState.CONNECTING) {
            await(SessionState.WAITING);
            host.connect(chosen);
            return;
        }
        switch (ReusePolicy.decide(chosen.identity().method(), chosen.identity().fingerprint(), found)) {
            case WELCOME -> setUp(chosen, proof == null ? chosen.identity().negotiation() : proof.message());
            case VERIFY -> {
                if (proof != null && !proof.holdsUnder(found)) {
                    startAnew(chosen); // The server is to say whether this is the password still.
                } else if (proof != null) {
                    setUp(chosen, proof.message());
                } else if (resumption == null) {
                    ask(
                            verification(
                                    chosen.identity().method(),
                                    chosen.identity().saslRequest(),
                                    found),
                            chosen.fromServer(),
                            chosen.identity().negotiation());
                } else {
                    setUp(chosen, NOTHING); // A new password does not end the sessions that there are.
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

    private Verification verification(AuthenticationMethod method, byte[] saslRequest, RoleFacts found) {
        return new Verification(
                method, saslRequest, Verifiers.of(found.verifiers()), parameters.user(), context.secrets());
    }

    /**
     * Asks a client that has a backend, which it may have or the server decides over a new one in its place; or one that has no place, and
     * costs nobody a connection until it has proved who it is.
     */
    private void ask(Verification verification, Pipe toClient, byte[] before) {
        hasSpoken = true;
        Verifying.Asked asked = new Verifying.Asked(parameters.serverUser(), ip);
        Verifying verifying = new Verifying(verification, frontend, toClient, context, asked, host, this);
        phase = verifying;
        verifying.start(before);
    }

    @Override
    public void proved(Verification verification, byte[] message) {
        identity.proved(verification.clientKey());
        if (isToAskFirst()) {
            proof = new Proof(askFirst, message, facts(), verification.clientKey(), verification.replay());
            wantPlace(true, NOTHING);
        } else {
            verification.wipe();
            setUp(host.attached(), message);
        }
    }

    @Override
    public void referred(Verification verification) {
        host.roleDoubted(false);
        replay = verification.replay();
        if (isToAskFirst()) {
            wantPlace(false, NOTHING);
            return;
        }
        Backend warm = host.attached();
        if (host.canGivePlaces()) {
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
        if (!warm.isStillAsNew()) {
            phase.lostWhileIdle(warm);
            return;
        }
        applySettings(warm, before);
    }

    private void applySettings(Backend warm, byte[] before) {
        BackendLease lease = host.lease(warm, null);
        Map<String, String> changes = settingsFor(warm);
        if (changes.isEmpty() && !warm.isTimedByServer()) {
            welcome(lease, before);
            return;
        }
        boolean certain = ParameterSetting.areCertain(changes);
        ParameterSetting query =
                new ParameterSetting(changes, certain, warm.identity(), warm.progress(), lease::inspect);
        // Sent first, so that it is ahead of whatever the client sends; its answer comes behind the client's welcome.
        warm.progress().onFrontend(FrontendMessage.QUERY);
        lease.tellServer(query.query());
        if (certain) {
            query.anticipate();
            welcome(lease, before);
        } else {
            phase = new SettingUp(lease, query, before, resumption, host, this);
            frontend.interest(Interest.HANGUP);
        }
        if (!host.isOver()) {
            warm.fromServer().inspectWith(query);
        }
    }

    /** What differs between the backend and what the client wants. */
    private Map<String, String> settingsFor(Backend warm) {
        Map<String, String> changes =
                ParameterSetting.changes(warm.identity().ignoredParameters(), ignoredParameters());
        if (resumption != null) {
            // The client's own word, in whatever spelling, counts more than what it began with.
            resumption.settings().keySet().forEach(name -> changes.keySet().removeIf(name::equalsIgnoreCase));
            changes.putAll(resumption.settings());
        }
        return changes;
    }

    private Map<String, String> ignoredParameters() {
        Map<String, String> ignored = new HashMap<>();
        for (StartupParameters.Parameter parameter : parameters.sorted()) {
            if (PoolKey.isIgnored(parameter, host.settings().ignoredParameters())) {
                ignored.put(parameter.name(), parameter.value());
            }
        }
        return ignored;
    }

    /** Tells the client of a warm backend what a login would have told it; one who has its session already, what is new. */
    @Override
    public void welcome(BackendLease lease, byte[] before) {
        Backend warm = lease.backend();
        lease.inspect();
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
    void connected(Backend fresh) {
        fresh.identity().startedWith(facts().fingerprint(), ignoredParameters());
        Verifiers verifiers = Verifiers.of(facts().verifiers());
        boolean isHeard = resumption == null && proof == null && replay == null;
        ScramWitness witness = isHeard ? identity.overhear(verifiers) : null;
        BackendLease lease = host.lease(fresh, witness);
        ServerLogin[] begun = new ServerLogin[1];
        LoginInspector inspector = new LoginInspector(
                fresh.identity(),
                negotiation,
                resumption == null ? this::newSecret : serverKey -> identity.secret(),
                answers(verifiers),
                witness,
                lease::tellServer,
                () -> begun[0].complete());
        ServerLogin login = new ServerLogin(
                lease,
                inspector,
                resumption != null || proof != null,
                proof != null,
                replay,
                context.buffers(),
                host,
                this);
        begun[0] = login;
        phase = login;
        login.start(negotiation.serverPacket());
    }

    /** Who answers the server in the client's stead; null when the client does it. */
    private @Nullable LoginAnswers answers(Verifiers verifiers) {
        byte[] nonce = context.secrets().secret(ScramExchange.NONCE_BYTES);
        if (resumption != null) {
            return new KeyLogin(verifiers.md5(), resumption.clientKey(), nonce);
        }
        return proof == null ? replay : proof.answers(verifiers, nonce);
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
        boolean canBeRepeated =
                ReusePolicy.decide(method, serving.identity().fingerprint(), known) != ReusePolicy.Way.START_ANEW;
        serving.loggedIn(canBeRepeated);
        // An expired password, or a role that may not log in any more, is no lack of means to check it.
        boolean lacksMeans = !known.known() || (known.mayLogIn() && known.validForMs() > 0);
        if (!canBeRepeated && lacksMeans && !key.parameters().isReplication()) {
            host.notReusable(method, known);
        }
        if (resumption != null || proof != null) {
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
        AuthenticationMethod method = lease.backend().identity().method();
        // TRUST when the next client of this kind need not be asked, OTHER when only the server can ask it.
        boolean isAskable = method == AuthenticationMethod.TRUST || ReusePolicy.canAskFirst(method, facts());
        stopTimer();
        wipe();
        identity.loggedIn();
        host.loggedIn(lease, isAskable ? method : AuthenticationMethod.OTHER);
    }

    /** The session ends, wherever the login is. */
    void end() {
        stopTimer();
        phase.end();
        wipe();
    }

    private void wipe() {
        if (replay != null) {
            replay.wipe();
            replay = null;
        }
        if (proof != null) {
            proof.wipe();
            proof = null;
        }
    }

    private void stopTimer() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
    }
}
