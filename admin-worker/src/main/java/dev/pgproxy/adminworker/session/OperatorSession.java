package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.sql.Settings;
import dev.pgproxy.adminworker.sql.SqlStates;
import dev.pgproxy.adminworker.wire.ClientMessage;
import dev.pgproxy.adminworker.wire.Input;
import dev.pgproxy.adminworker.wire.Output;
import dev.pgproxy.common.auth.ScramVerifier;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.Deadline;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.peer.LocalPeer;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.Negotiation;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client of pg_proxy. Owns its connection:
 *
 * <pre>
 *   AWAITING_FIRST -> AWAITING_PROOF -> LOGGED_IN
 *   from every state: -> CLOSED
 * </pre>
 */
public final class OperatorSession {

    private enum State {
        /** Waits for SASLInitialResponse. */
        AWAITING_FIRST,
        /** Waits for SASLResponse. */
        AWAITING_PROOF,
        LOGGED_IN,
        CLOSED
    }

    /** A client that has more than this to take is closed without a last message. */
    private static final long MAX_LAST_BYTES = 64 * 1024;

    private final Services services;
    private final StartupParameters parameters;
    private final Negotiation negotiation;
    private final Peer peer;
    private final String neighbour;
    private final Transport transport;
    private final byte[] secret;
    private final Consumer<OperatorSession> whenClosed;
    private final Input input = new Input();
    private final Output output = new Output();
    private State state = State.AWAITING_FIRST;
    private Passwords.@Nullable Login login;
    private @Nullable Conversation conversation;
    private final Deadline timer;
    private final Deadline delayTimer;
    private LoginGuard.@Nullable Delay delay;
    private boolean flushPlanned;

    /**
     * Takes over a client's connection.
     *
     * @param peer where the client comes from
     * @param neighbour see {@link #neighbour}
     * @param secret expected in a CancelRequest for this session
     * @param whenClosed called once, when the session is over
     */
    public OperatorSession(
            Services services,
            StartupPacket.Startup startup,
            Peer peer,
            String neighbour,
            Transport transport,
            byte[] secret,
            Consumer<OperatorSession> whenClosed) {
        this.services = services;
        this.parameters = startup.parameters();
        this.negotiation = Negotiation.of(startup);
        this.peer = peer;
        this.neighbour = neighbour;
        this.transport = transport;
        this.secret = secret;
        this.whenClosed = whenClosed;
        this.timer = new Deadline(services.loop().scheduler());
        this.delayTimer = new Deadline(services.loop().scheduler());
    }

    /** Asks the client for its password. */
    public void begin() {
        LoginGuard.Verdict verdict = services.guard().judge(neighbour, nowNs());
        if (verdict instanceof LoginGuard.Verdict.Refuse) {
            refuse(
                    SqlState.TOO_MANY_CONNECTIONS,
                    "too many wrong passwords came from " + peer.address() + ", and too many logins wait",
                    "Try again in a moment, with the right password.");
            return;
        }
        timer.start(
                services.settings().loginTimeoutMs(),
                () -> end(BackendMessage.fatal(
                        SqlState.QUERY_CANCELED,
                        "canceling authentication due to timeout",
                        "The login took longer than client_login_timeout.")));
        transport.onReady(this::ready);
        if (verdict instanceof LoginGuard.Verdict.Wait wait) {
            delay = wait.delay();
            transport.interest(Interest.HANGUP);
            delayTimer.start(LoginGuard.DELAY_MS, () -> {
                endDelay();
                ask();
            });
        } else {
            ask();
        }
    }

    private long nowNs() {
        return services.loop().clock().nanoTime();
    }

    private void ask() {
        if (negotiation.isNeeded()) {
            output.add(negotiation.message());
        }
        output.add(BackendMessage.authenticationSasl(List.of(ScramVerifier.NAME)));
        proceed();
    }

    private void endDelay() {
        delayTimer.stop();
        if (delay != null) {
            delay.end();
            delay = null;
        }
    }

    /** The group of clients with which it shares the limits on logins, in {@link LocalPeer}'s terms. */
    public String neighbour() {
        return neighbour;
    }

    /** Bytes of results that the client has not taken. */
    public long heldBytes() {
        return output.bytes() + (conversation == null ? 0 : conversation.heldBytes());
    }

    /** Refuses this login: there are too many, and it has had its time. */
    public void giveWay() {
        refuse(
                SqlState.TOO_MANY_CONNECTIONS,
                "too many clients log in to pg_proxy at once, and this one took the longest",
                "Try again.");
    }

    /** Whether the client has proved that it knows a password. */
    public boolean isLoggedIn() {
        return state == State.LOGGED_IN;
    }

    private void ready(int ready) {
        if (state == State.CLOSED) {
            return;
        }
        try {
            if ((ready & (Interest.READ | Interest.HANGUP)) != 0 && !input.read(transport, services.scratch())) {
                close();
                return;
            }
            proceed();
        } catch (IOException e) {
            close(); // The client is gone.
        } catch (RuntimeException | StackOverflowError e) {
            broken(e);
        }
    }

    private void proceedWhenFree() {
        if (state == State.LOGGED_IN) {
            startIdleTimer();
            proceed();
        }
    }

    /** Does what can be done now (statements, messages, writes), then waits for the next event. */
    private void proceed() {
        try {
            boolean more = true;
            while (more && state != State.CLOSED) {
                output.flush(transport, services.scratch());
                more = !output.isFull() && doNext();
            }
            if (state != State.CLOSED) {
                boolean reads = !output.isFull() && (conversation == null || !conversation.isBusy());
                transport.interest((reads ? Interest.READ : Interest.HANGUP) | (output.isEmpty() ? 0 : Interest.WRITE));
            }
        } catch (ProtocolViolation e) {
            refuse(e.sqlState(), e.description(), "The client does not speak PostgreSQL's protocol.");
        } catch (IOException e) {
            close();
        } catch (RuntimeException | StackOverflowError e) {
            broken(e);
        }
    }

    /** Whatever this client has caused must not affect other sessions. */
    private void broken(Throwable e) {
        services.faulted();
        Event.of("operator_session_broken")
                .with("peer", peer)
                .message("a session of pg_proxy failed unexpectedly and was ended")
                .error(e);
        refuse(SqlStates.INTERNAL_ERROR, "pg_proxy failed unexpectedly", "pgproxy's log has the details.");
    }

    /** @return whether there was something to do */
    private boolean doNext() throws ProtocolViolation {
        Conversation talk = conversation;
        if (talk != null && talk.isBusy()) {
            return false;
        }
        if (talk != null && talk.hasMore()) {
            talk.step();
            return true;
        }
        ClientMessage message = input.next();
        if (message == null) {
            return false;
        }
        if (message.type() == FrontendMessage.TERMINATE) {
            close();
        } else if (talk != null) {
            startIdleTimer();
            talk.handle(message);
        } else {
            authenticate(message);
        }
        return true;
    }

    /** Messages that are sent while a statement runs do not wait for its end. */
    private void send(byte[] message) {
        output.add(message);
        if (!flushPlanned) {
            flushPlanned = true;
            services.loop().atEndOfTick(() -> {
                flushPlanned = false;
                if (state != State.CLOSED) {
                    proceed();
                }
            });
        }
    }

    private void authenticate(ClientMessage message) throws ProtocolViolation {
        if (message.type() != FrontendMessage.PASSWORD) {
            throw ProtocolViolation.of("expected a SASL response, got message type " + (int) message.type());
        }
        if (state == State.AWAITING_FIRST) {
            String mechanism = message.string();
            byte[] first = message.bytes(message.int32());
            Passwords.Login begun = services.passwords().login();
            byte[] answer = first == null || !mechanism.equals(ScramVerifier.NAME) ? null : begun.first(first);
            if (answer == null) {
                throw ProtocolViolation.of("malformed SCRAM message, or a mechanism that was not offered");
            }
            login = begun;
            state = State.AWAITING_PROOF;
            output.add(BackendMessage.authenticationSaslContinue(answer));
            return;
        }
        Passwords.Login.Granted granted = login == null ? null : login.last(message.rest());
        login = null;
        if (granted == null) {
            wrongPassword();
        } else if (!granted.mayAct() && services.readersWaitMs() > 0) {
            refuse(
                    SqlState.CANNOT_CONNECT_NOW,
                    "sessions that may only look are refused for another "
                            + (TimeUnit.MILLISECONDS.toSeconds(services.readersWaitMs()) + 1)
                            + " s, because a statement of theirs could not be stopped",
                    "Log in later, or with pg_proxy_pw.");
        } else if (!services.hasRoom(granted.mayAct(), neighbour)) {
            refuse(
                    SqlState.TOO_MANY_CONNECTIONS,
                    "all sessions that pg_proxy_max_conn allows you are in use",
                    "Close one, or raise pg_proxy_max_conn. Some are reserved for operators who may act, and for the proxy's own host.");
        } else {
            loggedIn(granted);
        }
    }

    private void wrongPassword() {
        services.guard().failed(neighbour, nowNs());
        String user = StartupParameters.display(parameters.user());
        Event.of("operator_refused")
                .limitedBy(services.guard().refusals(), nowNs())
                .with("peer", peer)
                .with("user", user)
                .message("a wrong password for pg_proxy")
                .warn();
        refuse(SqlState.INVALID_PASSWORD, "password authentication failed for user \"" + user + "\"", "");
    }

    private void loggedIn(Passwords.Login.Granted granted) {
        state = State.LOGGED_IN;
        input.loggedIn();
        String user = StartupParameters.display(parameters.user());
        Event.of("operator_logged_in")
                .with("peer", peer)
                .with("user", user)
                .with("may_act", granted.mayAct())
                .info();
        String application = StartupParameters.display(
                parameters.value(StartupParameters.APPLICATION_NAME).orElse(""));
        Settings settings =
                new Settings(user, application, services.settings().version(), granted.mayAct(), services.pid());
        conversation = new Conversation(
                services, settings, new Asker(user, peer, granted.mayAct()), this::send, this::proceedWhenFree);
        output.add(BackendMessage.authenticationSaslFinal(granted.serverFinal()));
        output.add(BackendMessage.authenticationOk());
        settings.reported().forEach((name, value) -> output.add(BackendMessage.parameterStatusText(name, value)));
        output.add(BackendMessage.backendKeyData(services.pid(), secret));
        output.add(BackendMessage.readyForQueryIdle());
        startIdleTimer();
    }

    /** A client that takes no rows, or sends nothing, keeps its place only this long. */
    private void startIdleTimer() {
        timer.stop();
        ProxyConfig.AdminDatabase settings = services.settings().database();
        if (!settings.idleTimeout().isZero()) {
            timer.start(settings.idleTimeout().toMillis(), this::idle);
        }
    }

    private void idle() {
        if (conversation != null && conversation.isBusy()) {
            startIdleTimer();
        } else {
            end(BackendMessage.fatal(
                    SqlState.IDLE_SESSION_TIMEOUT,
                    "terminating connection due to idle-session timeout",
                    "The session was idle for pg_proxy_idle_timeout."));
        }
    }

    /** Cancels the running statement if a CancelRequest with this secret is for this session. */
    public void cancel(byte[] cancelSecret) {
        if (conversation != null && MessageDigest.isEqual(secret, cancelSecret)) {
            conversation.cancel();
        }
    }

    private void refuse(String sqlState, String message, String hint) {
        end(BackendMessage.fatal(sqlState, message, hint));
    }

    /** Ends the session, with this message after what the client has not taken yet. A client that has left much is not reading. */
    public void end(byte[] lastWords) {
        if (!leave()) {
            return;
        }
        if (output.bytes() > MAX_LAST_BYTES) {
            transport.close();
        } else {
            services.lingering().close(transport, output.takeRest(lastWords));
        }
    }

    private void close() {
        if (leave()) {
            transport.close();
        }
    }

    private boolean leave() {
        if (state == State.CLOSED) {
            return false;
        }
        state = State.CLOSED;
        timer.stop();
        endDelay();
        transport.interest(Interest.NONE);
        if (conversation != null) {
            conversation.end();
        }
        whenClosed.accept(this);
        return true;
    }
}
