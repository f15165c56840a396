package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.traffic.LastWords;
import dev.pgproxy.poolworker.traffic.SessionState;

/** The proxy asks the client for its password. */
public final class Verifying implements LoginPhase, VerificationDialogue.Host {

    private static final byte[] NOTHING = {};

    private final Verification verification;
    private final LoginHost host;
    private final LoginSteps steps;
    private final VerificationDialogue dialogue;

    /**
     * @param toClient the pipe to the client; nothing from a backend may pass through it meanwhile
     * @param role that the client wants to be, by which computing time is shared out
     * @param address as {@link dev.pgproxy.common.peer.PeerGroup} groups it, for the same purpose
     */
    Verifying(
            Verification verification,
            Transport frontend,
            Pipe toClient,
            SessionContext context,
            String role,
            String address,
            LoginHost host,
            LoginSteps steps) {
        this.verification = verification;
        this.host = host;
        this.steps = steps;
        this.dialogue = new VerificationDialogue(
                verification, frontend, toClient, context.buffers(), context.background(), role, address, this);
    }

    /** @param before sent to the client first */
    void start(byte[] before) {
        dialogue.start(before);
    }

    @Override
    public SessionState state() {
        return SessionState.VERIFYING;
    }

    @Override
    public void frontendReady(int ready) {
        dialogue.frontendReady(ready);
    }

    @Override
    public void backendReady(int ready) {
        throw new IllegalStateException("a backend is at work for a client that has not shown who it is");
    }

    /** The client's answers were for the proxy alone, so no server can be asked instead. */
    @Override
    public void lostWhileIdle(Backend claimed) {
        host.part(LastWords.lostServer(claimed.key().server()));
    }

    @Override
    public boolean serverSaid(Pipe.Outcome outcome) {
        return true; // It was for the login that has ended.
    }

    @Override
    public void awaitNext() {
        // The dialogue does.
    }

    @Override
    public boolean isAtRest() {
        return true;
    }

    @Override
    public boolean hasSpoken() {
        return true;
    }

    @Override
    public byte[] refusal() {
        return NOTHING;
    }

    @Override
    public void end() {
        dialogue.cancel();
    }

    @Override
    public void accepted(byte[] message) {
        steps.proved(verification, message);
    }

    @Override
    public void referred() {
        steps.referred(verification);
    }

    @Override
    public void violated(ProtocolViolation violation) {
        verification.wipe();
        host.part(LastWords.badClient(violation));
    }

    @Override
    public void left() {
        verification.wipe();
        host.leave();
    }

    @Override
    public void proceed(Runnable step) {
        host.contained(step);
    }
}
