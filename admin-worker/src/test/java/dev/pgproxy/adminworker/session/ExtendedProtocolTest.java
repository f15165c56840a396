package dev.pgproxy.adminworker.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pgproxy.adminworker.sql.Settings;
import dev.pgproxy.adminworker.sql.SqlProblem;
import dev.pgproxy.adminworker.sql.SqlStates;
import dev.pgproxy.adminworker.wire.ClientMessage;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.SqlState;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ExtendedProtocolTest {

    private static final int INT8_OID = 20;

    private final PlayedServices services = new PlayedServices();
    private final List<byte[]> heard = new ArrayList<>();
    private final List<SqlProblem> failures = new ArrayList<>();
    private final Settings settings = new Settings("ann", "", "test", true, 77);
    private final NamedStatements named = new NamedStatements();
    private final Performer performer = new Performer(
            services, settings, new Asker("ann", new Peer.Tcp("127.0.0.1", 40_000), true), named, heard::add, () -> {});
    private final ExtendedProtocol extended =
            new ExtendedProtocol(settings, named, performer, heard::add, failures::add);

    @AfterEach
    void close() {
        services.close();
    }

    /** A message whose body is made of texts, and of numbers of two or four bytes. */
    private static ClientMessage message(char type, Object... parts) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (Object part : parts) {
            if (part instanceof String text) {
                body.writeBytes((text + "\0").getBytes(StandardCharsets.UTF_8));
            } else if (part instanceof Short number) {
                body.writeBytes(ByteBuffer.allocate(2).putShort(number).array());
            } else if (part instanceof Integer number) {
                body.writeBytes(ByteBuffer.allocate(4).putInt(number).array());
            } else {
                body.writeBytes((byte[]) part);
            }
        }
        return new ClientMessage((byte) type, body.toByteArray());
    }

    private static short count(int number) {
        return (short) number;
    }

    private void parse(String name, String sql, Integer... oids) throws Exception {
        List<Object> parts = new ArrayList<>(List.of(name, sql, count(oids.length)));
        parts.addAll(List.of(oids));
        extended.parse(message('P', parts.toArray()));
        if (performer.isBusy()) {
            services.runPosted();
        }
    }

    private void bind(String portal, String statement, String... values) throws Exception {
        List<Object> parts = new ArrayList<>(List.of(portal, statement, count(0), count(values.length)));
        for (String value : values) {
            parts.add(value.length());
            parts.add(value.getBytes(StandardCharsets.US_ASCII));
        }
        parts.add(count(0));
        extended.bind(message('B', parts.toArray()));
    }

    private void execute(String portal, int most) throws Exception {
        extended.execute(message('E', portal, most));
        if (performer.isBusy()) {
            services.runPosted();
        }
    }

    private String types() {
        String types =
                heard.stream().map(message -> String.valueOf((char) message[0])).collect(Collectors.joining());
        heard.clear();
        return types;
    }

    @Test
    void aStatementIsParsedBoundAndExecuted() throws Exception {
        parse("", "select 1 union all select 2");
        bind("", "");
        execute("", 0);
        assertEquals("12DDC", types());
        assertEquals(List.of(), failures);
    }

    @Test
    void aPortalIsReadInParts() throws Exception {
        parse("", "select 1 union all select 2");
        bind("p", "");
        execute("p", 1);
        assertEquals("12Ds", types());
        execute("p", 1);
        assertEquals("Ds", types());
        execute("p", 1);
        assertEquals("C", types(), "there is no third row");
    }

    @Test
    void theClientsTypesComeBeforeTheInferredOnes() throws Exception {
        parse("s", "select count(*) from process where pid = $1", INT8_OID);
        heard.clear();
        extended.describe(message('D', new byte[] {'S'}, "s"));
        byte[] parameters = heard.get(0);
        assertEquals('t', parameters[0]);
        assertEquals(INT8_OID, ByteBuffer.wrap(parameters).getInt(7));
        assertEquals("tT", types());
    }

    @Test
    void theNumberOfParametersMustFit() throws Exception {
        parse("s", "select count(*) from process where pid = $1");
        SqlProblem none = assertThrows(SqlProblem.class, () -> bind("", "s"));
        assertEquals(SqlState.PROTOCOL_VIOLATION, none.sqlState());
        assertEquals("bind message supplies 0 parameters, but prepared statement requires 1", none.getMessage());
    }

    @Test
    void severalStatementsCannotBePrepared() {
        SqlProblem several = assertThrows(SqlProblem.class, () -> parse("", "select 1; select 2"));
        assertEquals(SqlStates.SYNTAX_ERROR, several.sqlState());
    }

    @Test
    void anEmptyStatementHasAnAnswerOfItsOwn() throws Exception {
        parse("", "");
        bind("", "");
        execute("", 0);
        assertEquals("12I", types());
    }

    /** The engine finds it only after the message was handed in. */
    @Test
    void aProblemOfTheEngineIsReportedLater() throws Exception {
        parse("", "select nothing from process");
        assertEquals("", types());
        assertEquals(1, failures.size());
        assertEquals("42703", failures.get(0).sqlState());
    }

    @Test
    void whatIsClosedIsGone() throws Exception {
        parse("s", "select 1");
        extended.close(message('C', new byte[] {'S'}, "s"));
        assertThrows(SqlProblem.class, () -> bind("", "s"));
        extended.close(message('C', new byte[] {'P'}, "never there"));
        assertEquals("133", types());
    }
}
