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
import dev.pgproxy.common.peer.PeerGroup;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.Negotiation;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
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
 * the client's settings. A client who comes with a session that it had on another server is let in without a word.
 */
final class Login {

    private static final byte[] NOTHING = {};

    private final Session session;
    private final PoolKey key;
    private final StartupParameters parameters;
    private final Negotiation negotiation;
    private final Transport frontend;
    private final SessionContext context;
    private final SessionIdentity identity;
    private @Nullable Resumption resumption;
    /** How the client is asked before it has a place; OTHER when it has one, or was asked. */
    private AuthenticationMethod askFirst;

    private @Nullable Proof proof;
    private boolean awaitsPlace;
    private long timeLeftMs;
    private long timerSinceNs;
    private @Nullable RoleFacts facts;
    private @Nullable VerificationDialogue dialogue;
    private @Nullable Replay replay;
    private @Nullable LoginInspector inspector;
    private @Nullable LoginGate gate;
    private @Nullable SilentLogin silent;
    private @Nullable ParameterSetting setting;
    private byte[] beforeWelcome = NOTHING;
    private Scheduler.@Nullable Timer timer;
    private boolean complete;
    private boolean spokenTo;

    /**
     * Nothing happens before {@link #start}.
     *
     * @param identity learns what the client is told and proves
     * @param terms what the master says of the client
     */
    Login(
            Session session,
            StartupPacket.Startup startup,
            Transport frontend,
            SessionContext context,
            SessionIdentity identity,
            SessionTerms terms) {
        this.session = session;
        this.key = session.key();
        this.parameters = startup.parameters();
        this.negotiation = Negotiation.of(startup);
        this.frontend = frontend;
        this.context = context;
        this.identity = identity;
        this.resumption = terms.resumption();
        this.askFirst = terms.askFirst();
    }

    /** The StartupMessage for a server. */
    byte[] serverPacket() {
        return negotiation.serverPacket();
    }

    /** Bounds the time that all of it may take. */
    void start(long leftMs) {
        timeLeftMs = leftMs;
        timerSinceNs = context.loop().clock().nanoTime();
        timer = context.loop()
                .scheduler()
                .afterMs(timeLeftMs, () -> session.contained(() -> session.part(LastWords.loginTimeout())));
    }

    /** Whether the client is to notice nothing of a login at a server: it has a session already, or has proved who it is. */
    boolean isSilent() {
        return resumption != null || proof != null;
    }

    /** Whether the server is still to get what the client has answered before; what it has said since comes behind that. */
    boolean isReplaying() {
        return replay != null && replay.isLeft();
    }

    /** Whether the client is to prove who it is before it gets a place. */
    boolean isToAskFirst() {
        return askFirst != AuthenticationMethod.OTHER;
    }

    boolean awaitsPlace() {
        return awaitsPlace;
    }

    /** Whether the proxy has asked the client, and did not get the right answer. */
    boolean isReferred() {
        return replay != null;
    }

    boolean isProved() {
        return proof != null;
    }

    /** The master is asked for a place. The time until there is one is not the login's. */
    private void wantPlace(boolean proved) {
        wantPlace(proved, NOTHING);
    }

    private void wantPlace(boolean proved, byte[] refusal) {
        askFirst = AuthenticationMethod.OTHER;
        awaitsPlace = true;
        stopTimer();
        long spentMs = TimeUnit.NANOSECONDS.toMillis(context.loop().clock().nanoTime() - timerSinceNs);
        timeLeftMs = Math.max(1, timeLeftMs - spentMs);
        session.enter(SessionState.WAITING);
        frontend.interest(Interest.HANGUP);
        context.owner().wantPlace(session, proved, refusal);
    }

    /**
     * The master gives a place.
     *
     * @param mostMs for all the rest of the login
     */
    void placed(long mostMs) {
        awaitsPlace = false;
        start(Math.min(timeLeftMs, mostMs));
    }

    /** Whether the client was told nothing yet, so that another server may let it in. */
    boolean isUnheard() {
        return !spokenTo && (gate == null || !gate.isOpen());
    }

    /** Whether the server has let the client in. */
    boolean isComplete() {
        return complete;
    }

    /** The server's ErrorResponse in the login; empty when there was none. */
    byte[] refusal() {
        return inspector == null ? NOTHING : inspector.refusal();
    }

    /** Whether the server has said why it does not let the client in. */
    boolean isRefused() {
        return inspector != null && !complete && inspector.isRefused();
    }

    /** Before a backend is used or opened, what is known of the role must be known as of then. */
    void check() {
        RoleFacts known = facts;
        if (known != null && session.attached().state() == BackendState.CONNECTING) {
            goOn(known); // They are from before this backend, which is what counts.
            return;
        }
        session.enter(SessionState.CHECKING);
        context.owner().askForRole(session);
    }

    /** The answer to {@link SessionOwner#askForRole}. */
    void roleFound(RoleFacts found) {
        facts = found;
        if (isToAskFirst()) {
            if (ReusePolicy.canAskFirst(askFirst, found)) {
                askFirst(found);
            } else {
                wantPlace(false); // The server is to say what becomes of this client.
            }
        } else {
            goOn(found);
        }
    }

    /**
     * How the next client of this kind can be asked before it has a place.
     *
     * @param method by which the server has asked
     * @return TRUST when it need not be asked, OTHER when only the server can ask it
     */
    AuthenticationMethod askable(AuthenticationMethod method) {
        return method == AuthenticationMethod.TRUST || ReusePolicy.canAskFirst(method, knownFacts())
                ? method
                : AuthenticationMethod.OTHER;
    }

    private void goOn(RoleFacts found) {
        Backend chosen = session.attached();
        if (chosen.state() == BackendState.CONNECTING) {
            session.enter(SessionState.WAITING);
            context.owner().connect(session, chosen);
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
                    verify(chosen, found);
                } else {
                    setUp(chosen, NOTHING); // A new password does not end the sessions that there are.
                }
            }
            case START_ANEW -> startAnew(chosen);
        }
    }

    /** The server shall decide over this client, on a new backend in the place of the one that it cannot have. */
    private void startAnew(Backend unfit) {
        session.enter(SessionState.WAITING);
        frontend.interest(Interest.HANGUP);
        unfit.giveUp();
    }

    /** Asks a client that has a backend: it may have that one, or the server decides over a new one in its place. */
    private void verify(Backend warm, RoleFacts found) {
        Verification verification =
                verification(warm.identity().method(), warm.identity().saslRequest(), found);
        ask(verification, warm.fromServer(), new Asking(verification) {
            @Override
            public void accepted(byte[] message) {
                dialogue = null;
                identity.proved(verification.clientKey());
                verification.wipe();
                setUp(warm, message);
            }

            @Override
            public void referred() {
                referredToServer(verification);
                if (context.owner().canGivePlaces()) {
                    session.leaveBackend(); // It was told nothing, and is as good as before for somebody else.
                    wantPlace(false);
                    warm.release(true, "");
                } else {
                    startAnew(warm);
                }
            }
        });
        dialogue().start(warm.identity().negotiation());
    }

    /** Asks a client that has no place: until it has proved who it is, it costs nobody a connection. */
    private void askFirst(RoleFacts found) {
        AuthenticationMethod method = askFirst;
        Verification verification =
                verification(method, BackendMessage.authenticationSasl(List.of(ScramVerifier.NAME)), found);
        ask(verification, new Pipe(context.buffers(), new BlindInspector()), new Asking(verification) {
            @Override
            public void accepted(byte[] message) {
                dialogue = null;
                identity.proved(verification.clientKey());
                proof = new Proof(method, message, found, verification.clientKey(), verification.replay());
                wantPlace(true);
            }

            @Override
            public void referred() {
                referredToServer(verification);
                wantPlace(false);
            }
        });
        dialogue().start(NOTHING);
    }

    /** The server is to say what becomes of the client, on a connection that was nobody's before. */
    private void referredToServer(Verification verification) {
        dialogue = null;
        context.owner().roleDoubted(session, false);
        replay = verification.replay();
    }

    private Verification verification(AuthenticationMethod method, byte[] saslRequest, RoleFacts found) {
        return new Verification(
                method, saslRequest, Verifiers.of(found.verifiers()), parameters.user(), context.secrets());
    }

    private void ask(Verification verification, Pipe toClient, Asking host) {
        session.enter(SessionState.VERIFYING);
        spokenTo = true;
        dialogue = new VerificationDialogue(
                verification,
                frontend,
                toClient,
                context.buffers(),
                context.background(),
                parameters.serverUser(),
                PeerGroup.of(session.origin().ip()),
                host);
    }

    private VerificationDialogue dialogue() {
        if (dialogue == null) {
            throw new IllegalStateException("nobody is asked");
        }
        return dialogue;
    }

    /** What both kinds of asking have in common. */
    private abstract class Asking implements VerificationDialogue.Host {

        private final Verification asked;

        private Asking(Verification asked) {
            this.asked = asked;
        }

        @Override
        public void violated(ProtocolViolation violation) {
            asked.wipe();
            session.part(LastWords.badClient(violation));
        }

        @Override
        public void left() {
            asked.wipe();
            session.leave();
        }

        @Override
        public void proceed(Runnable step) {
            session.contained(step);
        }
    }

    /** The client has something to say while the proxy asks for its password. */
    void frontendReady(int ready) {
        if (dialogue != null) {
            dialogue.frontendReady(ready);
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
            lostWhileIdle(warm);
            return;
        }
        applySettings(warm, before);
    }

    private void applySettings(Backend warm, byte[] before) {
        Relay relay = session.relay(warm, null);
        Map<String, String> changes = settingsFor(warm);
        if (changes.isEmpty() && !warm.isTimedByServer()) {
            welcome(warm, before);
            return;
        }
        boolean certain = ParameterSetting.areCertain(changes);
        ParameterSetting query = new ParameterSetting(
                changes, certain, warm.identity(), warm.progress(), () -> session.inspectTraffic(warm));
        setting = query;
        // Sent first, so that it is ahead of whatever the client sends; its answer comes behind the client's welcome.
        warm.progress().onFrontend(FrontendMessage.QUERY);
        relay.tellServer(query.query());
        if (certain) {
            query.anticipate();
            welcome(warm, before);
        } else {
            session.enter(SessionState.SETTING_UP);
            beforeWelcome = before;
            frontend.interest(Interest.HANGUP);
        }
        if (!session.isOver()) {
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
            if (PoolKey.isIgnored(parameter, session.settings().ignoredParameters())) {
                ignored.put(parameter.name(), parameter.value());
            }
        }
        return ignored;
    }

    /** Tells the client of a warm backend what a login would have told it; one who has its session already, what is new. */
    private void welcome(Backend warm, byte[] before) {
        warm.fromServer().inspectWith(session.traffic(warm));
        byte[] words = resumption == null
                ? Greeting.full(warm.identity(), before, this::newSecret)
                : Greeting.news(warm.identity(), resumption);
        session.becomeActive(warm);
        if (!warm.fromServer().inject(words, frontend)) {
            session.leave();
            return;
        }
        session.updateInterest();
    }

    /** The backend had something to say, or ended, while nobody used it. */
    void lostWhileIdle(Backend warm) {
        switch (session.state()) {
            case ACCEPTED -> warm.giveUp();
            // What it has answered was for the proxy alone.
            case VERIFYING -> session.part(LastWords.lostServer(key.server()));
            default -> startAnew(warm);
        }
    }

    /** The new backend is connected, and the server is to let the client in. */
    void connected(Backend fresh) {
        session.enter(SessionState.LOGGING_IN);
        RoleFacts known = knownFacts();
        fresh.identity().startedWith(known.fingerprint(), ignoredParameters());
        BackendTraffic afterLogin = session.traffic(fresh);
        Verifiers verifiers = Verifiers.of(known.verifiers());
        Resumption goingOn = resumption;
        Proof proved = proof;
        boolean isHeard = goingOn == null && proved == null && replay == null;
        ScramWitness witness = isHeard ? identity.overhear(verifiers) : null;
        Relay relay = session.relay(fresh, witness);
        byte[] nonce = context.secrets().secret(ScramExchange.NONCE_BYTES);
        LoginAnswers answers = goingOn != null
                ? new KeyLogin(verifiers.md5(), goingOn.clientKey(), nonce)
                : proved != null ? proved.answers(verifiers, nonce) : replay;
        LoginInspector first = new LoginInspector(
                fresh.identity(),
                negotiation,
                goingOn == null ? this::newSecret : serverKey -> identity.secret(),
                answers,
                witness,
                relay::tellServer,
                () -> {
                    complete = true;
                    fresh.fromServer().inspectWith(afterLogin);
                });
        if (!isSilent()) {
            inspector = first;
            gate = answers == null ? new LoginGate(first) : null;
            fresh.fromServer().inspectWith(gate == null ? first : gate);
        } else {
            silent = new SilentLogin(first);
            fresh.fromServer().inspectWith(silent);
        }
        relay.tellServer(negotiation.serverPacket());
        session.updateInterest();
    }

    private RoleFacts knownFacts() {
        return facts == null ? RoleFacts.UNAVAILABLE : facts;
    }

    private byte[] newSecret(byte[] serverKey) {
        byte[] secret = context.secrets().secret(serverKey.length);
        identity.told(session.attached().identity().pid(), secret);
        return secret;
    }

    /** The server has let the client in; see {@link #isComplete}. */
    void letInByServer(Backend serving) {
        RoleFacts known = knownFacts();
        AuthenticationMethod method = serving.identity().method();
        boolean canBeRepeated =
                ReusePolicy.decide(method, serving.identity().fingerprint(), known) != ReusePolicy.Way.START_ANEW;
        serving.loggedIn(canBeRepeated);
        // An expired password, or a role that may not log in any more, is no lack of means to check it.
        boolean lacksMeans = !known.known() || (known.mayLogIn() && known.validForMs() > 0);
        if (!canBeRepeated && lacksMeans && !key.parameters().isReplication()) {
            context.owner().notReusable(session, method, known);
        }
        if (isSilent()) {
            applySettings(serving, proof == null ? NOTHING : proof.message());
        } else {
            session.becomeActive(serving);
        }
    }

    /** The server has said what the client is not to hear. */
    void stopped() {
        if (silent == null) {
            session.giveBack(gate == null ? LastWords.NONE : gate.turnedAway());
        } else if (silent.turnedAway().length > 0 && !goesOnElsewhere()) {
            session.giveBack(silent.turnedAway());
        } else if (silent.turnedAway().length > 0) {
            wantRoom(silent.turnedAway());
        } else if (proof != null) {
            // The proxy was wrong about how the server asks, or about the password: the next login is between the two
            // alone.
            context.owner().roleDoubted(session, silent.isAboutLogin());
            session.part(
                    silent.refusal().length > 0
                            ? silent.refusal()
                            : LastWords.askedAnew(key.server(), silent.problem()));
        } else {
            session.part(LastWords.notMoved(key.server(), silent.problem()));
        }
    }

    /** Whether the client has proved who it is, and waits here for a place at a server that has none now. */
    private boolean goesOnElsewhere() {
        return proof != null
                && silent != null
                && silent.isFull()
                && context.owner().canGivePlaces();
    }

    /** The server has no room for the client, which knows of none of this. The master makes some, if it can. */
    private void wantRoom(byte[] refusal) {
        Backend refused = session.attached();
        silent = null;
        session.leaveBackend();
        wantPlace(true, refusal);
        refused.release(false, "");
    }

    /** The server has refused the client, whom it had asked already, for want of room: at least the next one shall find some. */
    private void tellIfFull() {
        byte[] refusal = refusal();
        if (SqlState.TOO_MANY_CONNECTIONS.equals(BackendMessage.sqlState(refusal))) {
            context.owner().serverFull(session, refusal);
        }
    }

    /** After the server said something: looks whether it has taken the client's settings. */
    void lookAtSetting(Backend serving) {
        ParameterSetting query = setting;
        if (query == null) {
            return;
        }
        if (query.hasFailed()) {
            session.part(
                    resumption == null
                            ? LastWords.badSetting(query.error())
                            : LastWords.notMoved(key.server(), LastWords.settingWords(query.error())));
        } else if (session.state() == SessionState.SETTING_UP
                && !serving.progress().isRunning()) {
            setting = null;
            welcome(serving, beforeWelcome);
        }
    }

    /** The client is in: forgets what it proved its password with, and what that was compared to. */
    void done() {
        stopTimer();
        wipeReplay();
        gate = null;
        inspector = null;
        silent = null;
        facts = null;
        resumption = null;
        wipeProof();
        identity.loggedIn();
    }

    /** The session ends, wherever the login is. */
    void end() {
        stopTimer();
        tellIfFull();
        if (dialogue != null) {
            dialogue.cancel();
        }
        wipeReplay();
        wipeProof();
    }

    private void wipeProof() {
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

    private void wipeReplay() {
        if (replay != null) {
            replay.wipe();
            replay = null;
        }
    }
}
