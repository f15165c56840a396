package dev.pgproxy.poolworker.login;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.LoneWorker;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import java.io.EOFException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class AnswerReaderTest {

    private static final int MOST_BYTES = 2_000;

    private final AnswerReader reader = new AnswerReader(new RelayBuffers(1_024), MOST_BYTES);
    private final LoneWorker.Frontend client = new LoneWorker.Frontend();

    private static byte[] answer(int bytes) {
        byte[] body = new byte[bytes];
        Arrays.fill(body, (byte) 'x');
        return FrontendMessage.wrap((byte) 'p', body);
    }

    @Test
    void takesNoByteOfWhatFollows() throws Exception {
        byte[] both = Arrays.copyOf(answer(6), 2 * answer(6).length);
        System.arraycopy(answer(6), 0, both, answer(6).length, answer(6).length);
        client.say(both);
        assertArrayEquals(answer(6), reader.read(client));
        assertArrayEquals(answer(6), reader.read(client));
        assertNull(reader.read(client));
    }

    @Test
    void putsAMessageTogetherThatComesByteByByte() throws Exception {
        byte[] whole = answer(MOST_BYTES);
        for (int at = 0; at < whole.length - 1; at++) {
            client.say(new byte[] {whole[at]});
            assertNull(reader.read(client));
        }
        client.say(new byte[] {whole[whole.length - 1]});
        assertArrayEquals(whole, reader.read(client));
    }

    @Test
    void refusesALengthThatNoAnswerHas() {
        client.say(new byte[] {'p', 0, 0, 0, 3});
        assertThrows(ProtocolViolation.class, () -> reader.read(client));
        LoneWorker.Frontend another = new LoneWorker.Frontend();
        another.say(Arrays.copyOf(answer(MOST_BYTES + 1), 5));
        assertThrows(
                ProtocolViolation.class,
                () -> new AnswerReader(new RelayBuffers(1_024), MOST_BYTES).read(another),
                "from its header alone");
    }

    @Test
    void noticesThatTheClientIsGone() throws Exception {
        client.say(Arrays.copyOf(answer(6), 4));
        assertNull(reader.read(client));
        client.leave();
        assertThrows(EOFException.class, () -> reader.read(client));
    }
}
