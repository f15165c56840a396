package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import java.io.IOException;
import java.util.Arrays;

/** Carries a {@link Verification} to the client and back. Each password that passes here is wiped afterwards. */
public final class VerificationDialogue {

    /** The owner of the client. At most one of the first four methods is called, once. */
    interface Host {
        /**
         * The client knows the password.
         *
         * @param message sent before AuthenticationOk
         */
        void accepted(byte[] message);

        /** The server itself must judge. */
        void referred();

        /** The client does not speak the protocol. */
        void violated(ProtocolViolation violation);

        void left();

        /** Runs a step that the client did not just trigger. */
        void proceed(Runnable step);
    }

    private final Verification verification;
    private final Transport frontend;
    private final Pipe toClient;
    private final RelayBuffers buffers;
    private final Background background;
    private final String role;
    private final String address;
    private final Host host;
    private final AnswerReader answers;
    private boolean computing;
    /** Read by the computing thread, too: nothing is computed for a client that is gone. */
    private volatile boolean over;

    /** @param toClient the pipe from the backend to the client; nothing from the backend may pass through it meanwhile */
    VerificationDialogue(
            Verification verification,
            Transport frontend,
            Pipe toClient,
            RelayBuffers buffers,
            Background background,
            String role,
            String address,
            Host host) {
        this.verification = verification;
        this.frontend = frontend;
        this.toClient = toClient;
        this.buffers = buffers;
        this.background = background;
        this.role = role;
        this.address = address;
        this.host = host;
        this.answers = new AnswerReader(buffers, verification.mostAnswerBytes());
    }

    /**
     * Asks the client.
     *
     * @param before sent to it first
     */
    void start(byte[] before) {
        byte[] request = verification.request();
        byte[] all = Arrays.copyOf(before, before.length + request.length);
        System.arraycopy(request, 0, all, before.length, request.length);
        say(all);
    }

    private void say(byte[] message) {
        if (toClient.inject(message, frontend)) {
            awaitClient();
        } else {
            over = true;
            host.left();
        }
    }

    private void awaitClient() {
        if (computing) {
            frontend.interest(Interest.HANGUP);
        } else {
            frontend.interest(Interest.READ | (toClient.isBlocked() ? Interest.WRITE : 0));
        }
    }

    /** Whether the client has yet to read what it was sent. */
    boolean isClientBlocked() {
        return toClient.isBlocked();
    }

    void frontendReady(int ready) {
        if ((ready & Interest.WRITE) != 0 && !toClient.flush(frontend)) {
            over = true;
            host.left();
            return;
        }
        if (computing) {
            if ((ready & Interest.HANGUP) != 0) {
                over = true;
                host.left();
            }
            return;
        }
        try {
            byte[] message = answers.read(frontend);
            if (message == null) {
                awaitClient();
            } else {
                proceed(verification.take(message));
            }
        } catch (IOException e) {
            over = true;
            host.left();
        } catch (ProtocolViolation e) {
            over = true;
            host.violated(e);
        } finally {
            buffers.wipe();
        }
    }

    private void proceed(Verification.Step step) {
        if (step instanceof Verification.Step.Ask ask) {
            say(ask.message());
        } else if (step instanceof Verification.Step.Accept accept) {
            over = true;
            host.accepted(accept.message());
        } else if (step instanceof Verification.Step.Compute compute) {
            compute(compute);
        } else {
            over = true;
            host.referred();
        }
    }

    private void compute(Verification.Step.Compute step) {
        computing = background.compute(
                role,
                address,
                () -> {
                    boolean matches = !over && step.verifier().matches(step.password());
                    Arrays.fill(step.password(), (byte) 0);
                    return matches;
                },
                matches -> {
                    computing = false;
                    if (!over) {
                        host.proceed(() -> proceed(
                                matches ? new Verification.Step.Accept(new byte[0]) : new Verification.Step.Refer()));
                    }
                });
        if (computing) {
            awaitClient();
        } else {
            Arrays.fill(step.password(), (byte) 0);
            proceed(new Verification.Step.Refer()); // Too many computations wait; the server has its own ways.
        }
    }

    /** The session ends for another reason. */
    void cancel() {
        over = true;
        verification.wipe();
    }
}
