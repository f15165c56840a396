package dev.pgproxy.testkit.simulation;

import dev.pgproxy.common.protocol.BackendMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * One server process. It answers each query with the query's own text, so that a client knows whether an answer is its
 * own. It also notes which client it works for: a query of another client is correct only after a DISCARD ALL that
 * succeeded. Queries are "client verb": plain, big, error, begin, copy, mark (sets a parameter), marked (wants it set).
 */
public final class SimulatedServer implements SimulatedWorld.Actor {

    private static final int BIG_ROWS = 12;

    private final SimulatedTransport transport;
    private final Random random;
    private final SimulationRun simulation;
    private final int pid;
    private final MessageReader in = new MessageReader();
    private final ArrayDeque<byte[]> out = new ArrayDeque<>();
    private boolean started;
    private String user = "";
    private String startName = "";
    private String applicationName = "";
    private int openedUnder;
    private byte[] salt = {};
    private boolean passwordAsked;
    private boolean resetFailed;
    private String leftover = "";
    private boolean resetUnderCancel;
    private boolean copying;
    private boolean closing;
    private char status = 'I';
    private String mark = "";
    private String client = "";

    public SimulatedServer(SimulatedTransport transport, int pid, SimulationRun simulation) {
        this.transport = transport;
        this.random = simulation.random();
        this.simulation = simulation;
        this.pid = pid;
    }

    /** The role that it was opened for; empty before its startup packet. */
    public String user() {
        return user;
    }

    /** Whether a client's work here is not complete yet. */
    public boolean isInTransaction() {
        return status != 'I' || copying;
    }

    public int pid() {
        return pid;
    }

    @Override
    public boolean act() {
        if (simulation.serverCrashes()) {
            transport.farReset();
            return false;
        }
        in.add(transport.farRead());
        // A query may take its time: answers wait in line while other things happen.
        if (random.nextInt(3) == 0 && !closing && !take()) {
            return false;
        }
        for (int i = random.nextInt(4); i > 0 && !out.isEmpty() && transport.farCanWrite(); i--) {
            transport.farWrite(out.remove());
        }
        if (transport.farSeesEnd() || (closing && out.isEmpty())) {
            transport.farClose();
            return false;
        }
        return true;
    }

    /** @return whether the server continues */
    private boolean take() {
        if (!started) {
            byte[] startup = in.nextStartup();
            if (startup != null) {
                started = true;
                start(startup);
            }
            return true;
        }
        byte[] message = in.next();
        if (message == null) {
            return true;
        }
        switch (message[0]) {
            case 'X' -> {
                transport.farClose();
                return false;
            }
            case 'p' -> {
                simulation.check(passwordAsked, "a password that the server did not ask for");
                if (!SimulatedRoles.accepts(user, Arrays.copyOfRange(message, 5, message.length), salt)) {
                    out.add(BackendMessage.fatal("28P01", "the password is wrong", ""));
                    closing = true;
                    return true;
                }
                welcome();
            }
            case 'Q' -> query(new String(message, 5, message.length - 6, StandardCharsets.US_ASCII));
            case 'c' -> {
                simulation.check(copying, "CopyDone outside COPY");
                copying = false;
                complete("COPY 1");
            }
            case 'd' -> simulation.check(copying, "CopyData outside COPY");
            default -> simulation.check(false, "a message of type " + (char) message[0]);
        }
        return true;
    }

    private void start(byte[] packet) {
        List<String> words =
                List.of(new String(packet, 8, packet.length - 8, StandardCharsets.US_ASCII).split("\0", -1));
        user = words.get(words.indexOf("user") + 1);
        startName = words.get(words.indexOf("application_name") + 1);
        applicationName = startName;
        openedUnder = simulation.roles().version();
        switch (SimulatedRoles.method(user)) {
            case PASSWORD -> ask(BackendMessage.authenticationCleartextPassword());
            case MD5 -> {
                salt = new byte[4];
                random.nextBytes(salt);
                ask(BackendMessage.authenticationMd5Password(salt));
            }
            case TRUST, SCRAM_SHA_256, OTHER -> welcome();
        }
    }

    private void ask(byte[] request) {
        passwordAsked = true;
        out.add(request);
    }

    private void welcome() {
        out.add(BackendMessage.parameterStatus("application_name", applicationName));
        out.add(BackendMessage.authenticationOk());
        out.add(BackendMessage.parameterStatus("server_version", "simulated " + pid));
        out.add(BackendMessage.backendKeyData(
                pid, ByteBuffer.allocate(4).putInt(pid * 7).array()));
        out.add(BackendMessage.wrap((byte) 'Z', new byte[] {'I'}));
    }

    private void query(String sql) {
        simulation.trace("server process " + pid + " of " + user + " runs " + sql);
        simulation.check(!copying, "a query inside COPY: " + sql);
        if (sql.startsWith("SET application_name = E'")) {
            simulation.check(client.isEmpty(), "a setting after a client's first query");
            applicationName = sql.split("'", -1)[1];
            out.add(BackendMessage.parameterStatus("application_name", applicationName));
            complete("SET");
        } else if (sql.startsWith("SELECT 'held'")) {
            simulation.check(status == 'I', "a question about the session inside a transaction");
            inventory();
        } else if (sql.startsWith("SELECT /* pgproxy */")) {
            resetUnderCancel |= simulation.isCancelInFlight(pid);
            freshness();
        } else if (sql.isEmpty()) {
            simulation.check(client.isEmpty(), "a sign of life after a client's first query");
            out.add(BackendMessage.wrap((byte) 'I', new byte[0]));
            ready();
        } else if (sql.startsWith("SELECT pg_catalog.set_config(E'")) {
            simulation.check(client.isEmpty(), "settings after a client's first query");
            setAll(sql.split("E'", -1));
        } else if (sql.equals("ROLLBACK")) {
            status = 'I';
            complete("ROLLBACK");
        } else if (sql.equals("DISCARD ALL")) {
            simulation.check(status == 'I', "DISCARD ALL inside a transaction");
            resetUnderCancel |= simulation.isCancelInFlight(pid);
            if (random.nextInt(30) == 0) {
                resetFailed = true;
                out.add(BackendMessage.fatal("XX000", "the reset fails", ""));
                ready();
            } else {
                client = "";
                mark = "";
                if (!applicationName.equals(startName)) {
                    applicationName = startName;
                    out.add(BackendMessage.parameterStatus("application_name", applicationName));
                }
                complete("DISCARD ALL");
            }
        } else {
            String[] words = sql.split("[/ ]", -1);
            simulation.check(words.length == 3, "a query that no client sent: " + sql);
            checkAsGoodAsNew(words[0], Integer.parseInt(words[1]));
            clientQuery(new String[] {words[0], words[2]});
        }
    }

    /** Now and then something is left, and some servers end idle sessions. */
    private void freshness() {
        simulation.check(client.isEmpty() || resetFailed, "a question about a session that was not reset");
        leftover = random.nextInt(10) == 0 ? "has a temporary replication slot" : "";
        row(leftover, random.nextInt(3) == 0 ? "1h" : "0");
        complete("SELECT 1");
    }

    private void inventory() {
        switch (random.nextInt(8)) {
            case 0 -> row("held", "has a cursor open", "");
            case 1 -> out.add(BackendMessage.fatal("57014", "canceled", ""));
            default -> {
                if (!mark.isEmpty()) {
                    row("setting", "mark", mark);
                }
            }
        }
        complete("SELECT 0");
    }

    private void row(String... values) {
        ByteBuffer body = ByteBuffer.allocate(1_000).putShort((short) values.length);
        for (String value : values) {
            body.putInt(value.length()).put(value.getBytes(StandardCharsets.US_ASCII));
        }
        out.add(BackendMessage.wrap((byte) 'D', Arrays.copyOf(body.array(), body.position())));
    }

    /** @param quoted the query, split where quoted names and values begin */
    private void setAll(String[] quoted) {
        for (int i = 1; i + 1 < quoted.length; i += 2) {
            String name = quoted[i].substring(0, quoted[i].indexOf('\''));
            String value = quoted[i + 1].substring(0, quoted[i + 1].indexOf('\''));
            if (name.equals("mark")) {
                mark = value;
            } else {
                simulation.check(name.equals("application_name"), "a setting that nobody made: " + name);
                applicationName = value;
                out.add(BackendMessage.parameterStatus(name, value));
            }
        }
        complete("SELECT 1");
    }

    private void checkAsGoodAsNew(String name, int rolesAtArrival) {
        simulation.check(!resetUnderCancel, name + " got a backend whose reset a cancel could have hit");
        simulation.check(leftover.isEmpty(), name + " got a backend that " + leftover);
        simulation.check(applicationName.equals(name), name + " works under the application_name " + applicationName);
        simulation.check(
                openedUnder >= rolesAtArrival || !simulation.roles().areKnown(),
                name + " got a backend of before the last change of its role");
    }

    private void clientQuery(String[] words) {
        simulation.check(words.length == 2, "a query that no client sent: " + String.join(" ", words));
        simulation.check(
                client.isEmpty() || client.equals(words[0]), "client " + words[0] + " on what " + client + " left");
        client = words[0];
        byte[] row = ("\0\1\0\0\0" + (char) words[0].length() + words[0]).getBytes(StandardCharsets.ISO_8859_1);
        switch (words[1]) {
            case "mark" -> {
                mark = words[0];
                complete("MARK " + words[0]);
            }
            case "marked" -> {
                simulation.check(mark.equals(words[0]), words[0] + " has lost what it set: " + mark);
                complete("MARKED " + words[0]);
            }
            case "begin" -> {
                status = 'T';
                complete("BEGIN " + words[0]);
            }
            case "error" -> {
                status = status == 'T' ? 'E' : status;
                out.add(BackendMessage.fatal("42601", words[0], ""));
                ready();
            }
            case "copy" -> {
                copying = true;
                out.add(BackendMessage.wrap((byte) 'G', new byte[] {0, 0, 0}));
            }
            case "big" -> {
                for (int i = 0; i < BIG_ROWS; i++) {
                    out.add(BackendMessage.wrap(
                            (byte) 'D', ("!" + words[0] + "x".repeat(3000)).getBytes(StandardCharsets.US_ASCII)));
                }
                complete("BIG " + words[0]);
            }
            default -> {
                out.add(BackendMessage.wrap((byte) 'D', row));
                complete("PLAIN " + words[0]);
            }
        }
    }

    private void complete(String tag) {
        out.add(BackendMessage.wrap((byte) 'C', (tag + "\0").getBytes(StandardCharsets.US_ASCII)));
        ready();
    }

    private void ready() {
        out.add(BackendMessage.wrap((byte) 'Z', new byte[] {(byte) status}));
    }
}
