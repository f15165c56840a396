package dev.pgproxy.adminworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.adminworker.sql.Settings;
import dev.pgproxy.adminworker.wire.ClientMessage;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.ipc.OperatorCommand;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The statements of a session, over the messages of both protocols. */
class ConversationTest {

    private final PlayedServices services = new PlayedServices();
    private final List<byte[]> heard = new ArrayList<>();
    private final Conversation talk = talk(true);

    private Conversation talk(boolean mayAct) {
        return new Conversation(
                services,
                new Settings("ann", "", "test", mayAct, 77),
                new Asker("ann", new Peer.Tcp("127.0.0.1", 40_000), mayAct),
                heard::add,
                () -> {});
    }

    @AfterEach
    void close() {
        services.close();
    }

    /** A message's body. */
    private static final class Body {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        private Body text(String text) {
            bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            bytes.write(0);
            return this;
        }

        private Body raw(byte[] value) {
            bytes.writeBytes(value);
            return this;
        }

        private Body int16(int value) {
            return raw(ByteBuffer.allocate(2).putShort((short) value).array());
        }

        private Body int32(int value) {
            return raw(ByteBuffer.allocate(4).putInt(value).array());
        }
    }

    private void say(Conversation to, char type, Body body) {
        try {
            to.handle(new ClientMessage((byte) type, body.bytes.toByteArray()));
        } catch (ProtocolViolation e) {
            throw new AssertionError(e);
        }
        while (to.isBusy() || to.hasMore()) {
            if (to.isBusy()) {
                services.runPosted();
            } else {
                to.step();
            }
        }
    }

    private void query(String sql) {
        say(talk, 'Q', new Body().text(sql));
    }

    private void parse(String name, String sql) {
        say(talk, 'P', new Body().text(name).text(sql).int16(0));
    }

    private void bind(String portal, String statement, String... values) {
        Body body = new Body().text(portal).text(statement).int16(0).int16(values.length);
        for (String value : values) {
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            body.int32(bytes.length).raw(bytes);
        }
        say(talk, 'B', body.int16(0));
    }

    private void execute(String portal, int most) {
        say(talk, 'E', new Body().text(portal).int32(most));
    }

    private void sync() {
        say(talk, 'S', new Body());
    }

    /** The types of all messages since the last call. */
    private String types() {
        String types =
                heard.stream().map(message -> String.valueOf((char) message[0])).collect(Collectors.joining());
        heard.clear();
        return types;
    }

    private String lastError() {
        byte[] error = heard.stream()
                .filter(message -> message[0] == 'E')
                .reduce((a, b) -> b)
                .orElseThrow();
        heard.clear();
        return BackendMessage.sqlState(error);
    }

    private String completion() {
        byte[] last = heard.stream()
                .filter(message -> message[0] == 'C')
                .reduce((a, b) -> b)
                .orElseThrow();
        return new String(last, 5, last.length - 6, StandardCharsets.UTF_8);
    }

    @Test
    void aQueryHasDescriptionRowsAndCompletion() {
        query("select 1 as a union all select 2");
        assertEquals("SELECT 2", completion());
        assertEquals("TDDCZ", types());
    }

    @Test
    void theRestOfAQueryIsNotDoneAfterAnError() {
        query("select 1; select nothing_like_it; select 2");
        assertEquals("TDCEZ", types());
    }

    @Test
    void anEmptyQueryIsAnswered() {
        query(" ; ");
        assertEquals("IZ", types());
    }

    @Test
    void aPreparedStatementIsBoundAndRunAgainAndAgain() {
        parse("s", "select cast($1 as int) + 1");
        say(talk, 'D', new Body().raw(new byte[] {'S'}).text("s"));
        assertEquals("1tT", types());
        for (String value : List.of("1", "41")) {
            bind("", "s", value);
            execute("", 0);
            assertEquals("SELECT 1", completion());
        }
        sync();
        assertEquals("2DC2DCZ", types());
    }

    @Test
    void aPortalGivesItsRowsInParts() {
        parse("", "select 1 union all select 2 union all select 3");
        bind("p", "");
        execute("p", 2);
        assertEquals("12DDs", types());
        execute("p", 2);
        assertEquals("DC", types());
        execute("p", 2);
        assertEquals("SELECT 0", completion());
        assertEquals("C", types());
        sync();
        execute("p", 0);
        assertEquals("34000", lastError(), "a portal ends with its transaction");
    }

    @Test
    void nothingIsDoneAfterAnErrorBeforeSync() {
        parse("s", "select nothing_like_it");
        bind("", "s");
        execute("", 0);
        query("select 1");
        assertEquals("E", types());
        sync();
        query("select 1");
        assertEquals("ZTDCZ", types());
    }

    @Test
    void namesAreTakenOnce() {
        parse("s", "select 1");
        parse("s", "select 1");
        assertEquals("42P05", lastError());
        sync();
        say(talk, 'C', new Body().raw(new byte[] {'S'}).text("s"));
        parse("s", "select 1");
        assertEquals("Z31", types());
    }

    @Test
    void aBindHasTheParametersThatItsStatementNeeds() {
        parse("s", "select cast($1 as int)");
        bind("", "s");
        assertEquals("08P01", lastError());
        sync();
        bind("", "unknown");
        assertEquals("26000", lastError());
    }

    @Test
    void discardAllClosesEverything() {
        parse("s", "select 1");
        query("begin; declare c cursor for select 1; commit");
        query("discard all");
        bind("", "s");
        assertEquals("26000", lastError());
    }

    @Test
    void aTransactionShowsInReadyForQuery() {
        query("begin");
        assertEquals('T', (char) heard.get(heard.size() - 1)[5]);
        query("commit");
        assertEquals('I', (char) heard.get(heard.size() - 1)[5]);
    }

    @Test
    void copyWritesLines() {
        query("copy (select 1, 'a') to stdout with (format csv, header)");
        assertEquals("HddcCZ", types());
    }

    @Test
    void aCommandIsForThoseWhoMayAct() {
        Conversation reader = talk(false);
        say(reader, 'Q', new Body().text("reload"));
        assertEquals("42501", lastError());
        assertEquals(List.of(), services.toMaster());
    }

    @Test
    void aCommandWaitsForTheMaster() throws Exception {
        talk.handle(
                new ClientMessage((byte) 'Q', new Body().text("reload").bytes.toByteArray()));
        talk.step();
        assertTrue(talk.isBusy());
        CommandMessages.RunCommand told =
                (CommandMessages.RunCommand) services.toMaster().get(0);
        assertEquals(OperatorCommand.RELOAD, told.command());
        services.commands().onDone(new CommandMessages.CommandDone(told.commandId(), "", 0, "changed: nothing", ""));
        assertFalse(talk.isBusy());
        talk.step();
        assertEquals("NCZ", types());
    }

    @Test
    void aCancelAnswersAtOnce() throws Exception {
        talk.handle(new ClientMessage((byte) 'Q', new Body().text("pause").bytes.toByteArray()));
        talk.step();
        talk.cancel();
        assertFalse(talk.isBusy());
        assertEquals("57014", lastError());
    }

    @Test
    void aStatementThatTakesTooLongIsCancelled() throws Exception {
        talk.handle(new ClientMessage((byte) 'Q', new Body().text("pause").bytes.toByteArray()));
        talk.step();
        services.pass(60_000);
        assertEquals("57014", lastError());
    }

    @Test
    void whereMemoryIsShortNothingMoreIsKept() {
        services.memory(10);
        parse("s", "select 1");
        assertEquals("53200", lastError());
        sync();
        services.memory(200);
        query("select '" + "x".repeat(1_000) + "'");
        assertEquals("53200", lastError());
    }

    @Test
    void anUnknownMessageIsAViolation() {
        assertThrows(ProtocolViolation.class, () -> talk.handle(new ClientMessage((byte) '?', new byte[0])));
    }
}
