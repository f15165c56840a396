package dev.pgproxy.adminworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.ongres.scram.client.ScramClient;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One connection to pg_proxy, from the question for its password to its end. */
class OperatorSessionTest {

    private static final long LOGIN_MS = 1_000;
    private static final byte[] SECRET = {1, 2, 3, 4};
    private static final StartupPacket.Startup STARTUP = new StartupPacket.Startup(
            3 << 16,
            new StartupParameters(List.of(
                    new StartupParameters.Parameter("user", "ann"),
                    new StartupParameters.Parameter("database", "pg_proxy"))));

    /** The operator's end of the connection. */
    private static final class Operator implements Transport {
        private final ByteArrayOutputStream seen = new ByteArrayOutputStream();
        private byte[] unread = {};
        private ReadyHandler handler = ready -> {};
        private int interest;
        private boolean isSlow;
        private boolean isClosed;

        private void say(byte[] message) {
            int before = unread.length;
            unread = Arrays.copyOf(unread, before + message.length);
            System.arraycopy(message, 0, unread, before, message.length);
            handler.ready(Interest.READ);
        }

        /** The types of what has arrived since the last call. */
        private String types() {
            StringBuilder types = new StringBuilder();
            messages().forEach(message -> types.append((char) message[0]));
            return types.toString();
        }

        private List<byte[]> messages() {
            ByteBuffer all = ByteBuffer.wrap(seen.toByteArray());
            seen.reset();
            List<byte[]> messages = new ArrayList<>();
            while (all.hasRemaining()) {
                byte[] message = new byte[1 + all.getInt(all.position() + 1)];
                all.get(message);
                messages.add(message);
            }
            return messages;
        }

        @Override
        public int read(ByteBuffer into) {
            int count = Math.min(unread.length, into.remaining());
            into.put(unread, 0, count);
            unread = Arrays.copyOfRange(unread, count, unread.length);
            return count;
        }

        @Override
        public int write(ByteBuffer from) {
            byte[] bytes = new byte[isSlow ? 0 : from.remaining()];
            from.get(bytes);
            seen.writeBytes(bytes);
            return bytes.length;
        }

        @Override
        public void finishConnect() {}

        @Override
        public void onReady(ReadyHandler next) {
            handler = next;
        }

        @Override
        public void interest(int next) {
            interest = next;
        }

        @Override
        public void shutdownOutput() {}

        @Override
        public void close() {
            isClosed = true;
        }
    }

    private final PlayedServices services = new PlayedServices();
    private final Operator operator = new Operator();
    private int closed;
    private final OperatorSession session = new OperatorSession(
            services, STARTUP, new Peer.Tcp("127.0.0.1", 40_000), "here", operator, SECRET, over -> closed++);

    @AfterEach
    void close() {
        services.close();
    }

    private static byte[] password(byte[] body) {
        return FrontendMessage.wrap(FrontendMessage.PASSWORD, body);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private void logIn(String word) throws Exception {
        session.begin();
        assertEquals("R", operator.types());
        ScramClient client = ScramClient.builder()
                .advertisedMechanisms(List.of("SCRAM-SHA-256"))
                .username("*")
                .password(word.toCharArray())
                .build();
        byte[] first = ascii(client.clientFirstMessage().toString());
        ByteBuffer initial = ByteBuffer.allocate(14 + Integer.BYTES + first.length);
        operator.say(password(initial.put(ascii("SCRAM-SHA-256\0"))
                .putInt(first.length)
                .put(first)
                .array()));
        byte[] question = operator.messages().get(0);
        client.serverFirstMessage(new String(question, 9, question.length - 9, StandardCharsets.US_ASCII));
        operator.say(password(ascii(client.clientFinalMessage().toString())));
    }

    private String lastError() {
        List<byte[]> all = operator.messages();
        return BackendMessage.sqlState(all.get(all.size() - 1));
    }

    @Test
    void theRightPasswordLogsIn() throws Exception {
        logIn("secret");
        assertTrue(session.isLoggedIn());
        String types = operator.types();
        assertTrue(types.startsWith("RRS") && types.endsWith("KZ"), types);
    }

    @Test
    void aWrongPasswordIsRefusedInTheServersWords() throws Exception {
        logIn("guess");
        assertFalse(session.isLoggedIn());
        assertEquals(SqlState.INVALID_PASSWORD, lastError());
        assertEquals(1, closed);
    }

    @Test
    void nothingButAPasswordIsTakenBeforeTheLogin() {
        session.begin();
        operator.types();
        operator.say(FrontendMessage.query("select 1"));
        assertEquals(SqlState.PROTOCOL_VIOLATION, lastError());
        assertEquals(1, closed);
    }

    @Test
    void aLoginHasItsTime() {
        session.begin();
        operator.types();
        services.pass(LOGIN_MS - 1);
        assertEquals(0, closed);
        services.pass(1);
        assertEquals(SqlState.QUERY_CANCELED, lastError());
        assertEquals(1, closed);
    }

    @Test
    void aLoginThatGivesWayIsToldSo() {
        session.begin();
        operator.types();
        session.giveWay();
        session.giveWay();
        assertEquals(SqlState.TOO_MANY_CONNECTIONS, lastError());
        assertEquals(1, closed);
    }

    @Test
    void aStatementIsAnsweredAndTheNextOneWaitsForIt() throws Exception {
        logIn("secret");
        operator.types();
        operator.say(FrontendMessage.query("select 1"));
        assertEquals(Interest.HANGUP, operator.interest, "nothing more is read while it runs");
        services.runPosted();
        services.pass(0);
        assertEquals("TDCZ", operator.types());
        assertEquals(Interest.READ, operator.interest);
    }

    @Test
    void onlyItsOwnSecretCancelsItsStatement() throws Exception {
        logIn("secret");
        operator.types();
        operator.say(FrontendMessage.query("select * from process"));
        session.cancel(new byte[] {4, 3, 2, 1});
        services.pass(0);
        assertEquals("", operator.types());
        session.cancel(SECRET);
        services.pass(0);
        assertEquals("EZ", operator.types());
    }

    @Test
    void aClientThatTerminatesIsClosedWithoutAWord() throws Exception {
        logIn("secret");
        operator.types();
        operator.say(FrontendMessage.terminate());
        assertEquals("", operator.types());
        assertTrue(operator.isClosed);
        assertEquals(1, closed);
    }

    /** What it has not taken stays counted, so that clients that do not read cannot fill the memory. */
    @Test
    void whatAClientDoesNotTakeIsHeldAndCounted() throws Exception {
        logIn("secret");
        operator.types();
        operator.isSlow = true;
        operator.say(FrontendMessage.query("select 1"));
        services.runPosted();
        services.pass(0);
        assertTrue(session.heldBytes() > 0);
        assertTrue((operator.interest & Interest.WRITE) != 0);
        operator.isSlow = false;
        operator.handler.ready(Interest.WRITE);
        assertEquals("TDCZ", operator.types());
        assertEquals(0, session.heldBytes());
    }
}
