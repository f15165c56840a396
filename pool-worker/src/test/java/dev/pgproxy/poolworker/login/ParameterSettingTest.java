package dev.pgproxy.poolworker.login;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.MessageFramer;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.MessageInspector.Verdict;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ParameterSettingTest {

    private final ServerIdentity identity = new ServerIdentity();
    private final QueryProgress progress = new QueryProgress();
    private final List<String> sent = new ArrayList<>();
    private boolean done;

    private ParameterSetting setting(Map<String, String> changes) {
        ParameterSetting setting = new ParameterSetting(
                changes,
                identity,
                progress,
                message -> sent.add(new String(
                        message,
                        MessageFramer.HEADER_BYTES,
                        message.length - MessageFramer.HEADER_BYTES - 1,
                        StandardCharsets.US_ASCII)),
                () -> done = true);
        setting.send();
        return setting;
    }

    private static Verdict hear(ParameterSetting setting, byte[] message) {
        return setting.inspect(
                message[0],
                ByteBuffer.wrap(message),
                MessageFramer.HEADER_BYTES,
                message.length - MessageFramer.HEADER_BYTES);
    }

    @Test
    void aDifferenceIsWhatIsMissingOnEitherSideToo() {
        assertEquals(
                Map.of("application_name", "two", "DateStyle", "", "TimeZone", "UTC"),
                ParameterSetting.changes(
                        Map.of("application_name", "one", "DateStyle", "ISO", "client_encoding", "UTF8"),
                        Map.of("application_name", "two", "TimeZone", "UTC", "client_encoding", "UTF8")));
    }

    @Test
    void aNameAloneIsCertainAndQuotedInAnyCase() {
        assertTrue(setting(Map.of("application_name", "it's a \\")).isCertain());
        assertEquals(List.of("SET application_name = E'it''s a \\\\'"), sent);
    }

    @Test
    void otherParametersAreSetAsOneStringEach() {
        assertFalse(setting(Map.of("search_path", "a, b")).isCertain());
        assertEquals(List.of("SELECT pg_catalog.set_config(E'search_path', E'a, b', false)"), sent);
    }

    @Test
    void withNothingToSetTheServerOnlySeesThatSomebodyIsThere() {
        assertTrue(setting(Map.of()).isCertain());
        assertEquals(List.of(""), sent);
    }

    @Test
    void theClientHearsWhatTheServerReportsBesidesAndNotItsOwnName() {
        ParameterSetting setting = setting(Map.of("application_name", "two"));
        assertEquals(Verdict.REPLACE, hear(setting, BackendMessage.parameterStatus("application_name", "two")));
        assertEquals(Verdict.FORWARD, hear(setting, BackendMessage.parameterStatus("in_hot_standby", "off")));
        assertEquals(Map.of("application_name", "two", "in_hot_standby", "off"), identity.statuses());
        assertFalse(done);
        assertEquals(Verdict.REPLACE, hear(setting, BackendMessage.readyForQueryIdle()));
        assertTrue(done);
        assertFalse(progress.isRunning());
        assertTrue(progress.isResettable());
    }

    @Test
    void anErrorFailsWhatIsNotCertainAndMakesTheBackendUnfitForOthers() {
        byte[] error = BackendMessage.fatal("22023", "invalid value", "");
        ParameterSetting path = setting(Map.of("search_path", "x"));
        assertEquals(Verdict.REPLACE, hear(path, error));
        assertTrue(path.hasFailed());
        assertEquals("invalid value", BackendMessage.fields(path.error()).get('M'));
        assertFalse(progress.isResettable());
        ParameterSetting name = setting(Map.of("application_name", "x"));
        hear(name, error);
        assertFalse(name.hasFailed(), "its client was welcomed already");
    }

    @Test
    void whatIsTooLongToBeAnAnswerIsNone() {
        ParameterSetting path = setting(Map.of("search_path", "x"));
        path.passedUnseen(BackendMessage.DATA_ROW);
        assertTrue(path.hasFailed());
    }

    @Test
    void theClientIsToldItsValuesBeforeTheServerConfirmsThem() {
        setting(Map.of("application_name", "two")).anticipate();
        assertEquals(Map.of("application_name", "two"), identity.statuses());
    }
}
