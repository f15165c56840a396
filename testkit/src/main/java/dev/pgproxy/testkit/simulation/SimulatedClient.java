package dev.pgproxy.testkit.simulation;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** A client that logs in, asks a few things, checks that every answer is its own, and leaves in one of many ways. */
public final class SimulatedClient implements SimulatedWorld.Actor {

    private static final List<String> VERBS = List.of("plain", "plain", "big", "error", "begin", "copy", "mark");
    private static final String MARK = "mark";

    private final String name;
    private final String user;
    private final boolean knowsPassword;
    private final int rolesAtArrival;
    private final SimulatedTransport transport;
    private final Random random;
    private final SimulationRun simulation;
    private final MessageReader in = new MessageReader();
    private int queriesLeft;
    private boolean ready;
    private boolean copying;
    private boolean marked;
    private boolean left;
    /** It has closed its sending side, and still reads. */
    private boolean awaitsAnswer;

    private boolean fatal;

    /** Its queries and the types of the messages that it received, for the message of a failure. */
    private final StringBuilder log = new StringBuilder();

    public SimulatedClient(String name, String user, SimulatedTransport transport, SimulationRun simulation) {
        this.name = name;
        this.user = user;
        this.knowsPassword = simulation.random().nextInt(4) > 0;
        this.rolesAtArrival = simulation.roles().version();
        this.transport = transport;
        this.simulation = simulation;
        this.random = simulation.random();
        this.queriesLeft = random.nextInt(9);
    }

    public String name() {
        return name;
    }

    public String user() {
        return user;
    }

    /** Whether it has received nothing yet, from a server or the proxy. */
    public boolean heardNothing() {
        return log.isEmpty() && in.isEmpty();
    }

    public SimulatedTransport transport() {
        return transport;
    }

    @Override
    public boolean act() {
        boolean slow = random.nextInt(3) == 0;
        if (!slow) {
            in.add(transport.farRead());
            for (byte[] message = in.next(); message != null; message = in.next()) {
                receive(message);
            }
        }
        if (transport.farSeesEnd()) {
            // Last words cannot be sent in the middle of a message.
            boolean endedFromOutside = simulation.endsSessions();
            boolean excused = simulation.mayBeCutOff(name) || (endedFromOutside && !in.isEmpty());
            simulation.check(
                    left || fatal || excused,
                    name + " was cut off without a word" + (in.isEmpty() ? "" : ", in the middle of a message") + ": "
                            + log);
            simulation.check(
                    !awaitsAnswer || ready || fatal || excused || simulation.holdsSessions(),
                    name + " sent nothing more, and got no answer to what it had sent: " + log);
            transport.farClose();
            return false;
        }
        if (!left && random.nextInt(200) == 0) {
            leaveRudely();
            return false;
        }
        if (ready && !left) {
            speak();
        }
        return true;
    }

    private void receive(byte[] message) {
        log.append((char) message[0]);
        simulation.trace(name + " receives " + (char) message[0]);
        String body = new String(message, 5, message.length - 5, StandardCharsets.ISO_8859_1);
        switch (message[0]) {
            case 'K' ->
                simulation.learnKey(ByteBuffer.wrap(message).getInt(5), Arrays.copyOfRange(message, 9, message.length));
            case 'R' -> {
                if (ByteBuffer.wrap(message).getInt(5) != 0) {
                    byte[] salt = Arrays.copyOfRange(message, 9, message.length);
                    send(FrontendMessage.wrap(
                            FrontendMessage.PASSWORD, SimulatedRoles.answer(user, knowsPassword, salt)));
                }
            }
            case 'Z' -> {
                simulation.check(
                        knowsPassword || SimulatedRoles.method(user) == AuthenticationMethod.TRUST,
                        name + " is in without the password");
                ready = true;
            }
            case 'D' -> simulation.check(body.contains(name), name + " got a row of somebody else: " + body);
            case 'S' ->
                simulation.check(
                        !body.startsWith("application_name") || body.contains(name),
                        name + " is told of an application_name that is not its own: " + body);
            case 'C' ->
                simulation.check(
                        body.contains(name) || body.startsWith("COPY"),
                        name + " got an answer of somebody else: " + body);
            case 'G' -> copying = true;
            case 'E' -> {
                fatal |= !body.contains("42601");
                boolean nothingAsked = SimulatedRoles.method(user) == AuthenticationMethod.TRUST;
                simulation.check(
                        !nothingAsked || log.indexOf("R") < 0 || log.indexOf("Z") >= 0,
                        name + " was told half of a greeting, and could have been served by another server: " + log);
            }
            default -> {}
        }
        if (copying && !left && random.nextInt(6) == 0) {
            left = true;
            transport.farWrite(FrontendMessage.terminate());
        }
        if (copying && !left && random.nextInt(3) > 0) {
            copying = false;
            transport.farWrite(BackendMessage.wrap(FrontendMessage.COPY_DATA, new byte[50]));
            transport.farWrite(BackendMessage.wrap(FrontendMessage.COPY_DONE, new byte[0]));
        }
    }

    private void speak() {
        if (queriesLeft-- > 0) {
            ready = false;
            String verb = VERBS.get(random.nextInt(VERBS.size()));
            verb = verb.equals(MARK) && marked ? "marked" : verb;
            marked |= verb.equals(MARK);
            String sql = name + "/" + rolesAtArrival + " " + verb;
            if (send(FrontendMessage.query(sql))) {
                log.append("[").append(sql).append("]");
            }
            return;
        }
        left = true;
        if (random.nextInt(6) == 0) {
            awaitsAnswer = true;
            ready = false;
            transport.farWrite(FrontendMessage.query(name + "/" + rolesAtArrival + " plain"));
            transport.farClose();
            return;
        }
        if (random.nextInt(4) == 0) {
            transport.farWrite(
                    FrontendMessage.query(name + "/" + rolesAtArrival + " plain")); // Answered before the end.
        }
        transport.farWrite(FrontendMessage.terminate());
    }

    /** Sends the message, or a part of it and vanishes; returns whether all was sent. */
    private boolean send(byte[] message) {
        boolean vanishes = random.nextInt(40) == 0;
        int bytes = vanishes ? random.nextInt(message.length) : message.length;
        simulation.trace(name + " sends " + bytes + " of the " + message.length + " bytes of " + (char) message[0]);
        transport.farWrite(Arrays.copyOf(message, bytes));
        if (vanishes) {
            leaveRudely();
        }
        return !vanishes;
    }

    private void leaveRudely() {
        left = true;
        simulation.trace(name + " vanishes");
        if (random.nextBoolean()) {
            transport.farReset();
        } else {
            transport.farLeave();
        }
    }

    @Override
    public String toString() {
        return log + (ready ? " ready" : "") + (left ? " left" : "") + (awaitsAnswer ? " awaits its answer" : "");
    }
}
