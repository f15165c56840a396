package dev.pgproxy.taskworker.connection;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.pgproxy.common.protocol.BackendMessage;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class AnswerBoundsTest {

    private static final byte[] SSL_REQUEST =
            ByteBuffer.allocate(8).putInt(8).putInt((1234 << 16) | 5679).array();
    private static final byte[] QUERY = {'Q', 0, 0, 0, 5, 0};

    private final AnswerBounds bounds = new AnswerBounds();

    private void receive(byte... bytes) throws IOException {
        bounds.received(bytes, 0, bytes.length, 0);
    }

    private static byte[] header(char type, int length) {
        return ByteBuffer.allocate(5).put((byte) type).putInt(length).array();
    }

    @Test
    void letsALoginPassHoweverItIsTornApart() throws IOException {
        bounds.sent(SSL_REQUEST, 0, SSL_REQUEST.length);
        receive((byte) 'N');
        byte[] login = ByteBuffer.allocate(64)
                .put(BackendMessage.authenticationOk())
                .put(BackendMessage.parameterStatus("server_version", "15"))
                .put(BackendMessage.readyForQueryIdle())
                .array();
        for (byte one : java.util.Arrays.copyOf(login, 9 + 5 + 18 + 6)) {
            receive(one);
        }
    }

    @Test
    void refusesALengthBeforeTheDriverMakesRoomForIt() {
        for (int length :
                new int[] {Integer.MIN_VALUE, -1, 0, 3, AnswerBounds.MAX_ANSWER_BYTES + 1, Integer.MAX_VALUE}) {
            AnswerBounds fresh = new AnswerBounds();
            assertThrows(
                    AnswerBounds.BadAnswerException.class,
                    () -> fresh.received(header('E', length), 0, 5, 0),
                    "length " + length);
        }
    }

    @Test
    void refusesAnAuthenticationMessageWithoutItsCode() {
        assertThrows(AnswerBounds.BadAnswerException.class, () -> receive(header('R', 4)));
    }

    @Test
    void countsEachAnswerOnItsOwn() throws IOException {
        byte[] most = new byte[AnswerBounds.MAX_ANSWER_BYTES];
        receive(BackendMessage.readyForQueryIdle());
        bounds.sent(QUERY, 0, QUERY.length);
        ByteBuffer.wrap(most).put(header('D', most.length - 1));
        receive(most);
        bounds.sent(QUERY, 0, QUERY.length);
        receive(most);
        assertThrows(AnswerBounds.BadAnswerException.class, () -> receive((byte) 'N'));
    }

    @Test
    void givesUpALoginThatAsksForPasswordsWithoutEnd() {
        assertThrows(AnswerBounds.BadAnswerException.class, () -> {
            for (int i = 0; i < 1_000; i++) {
                receive(BackendMessage.authenticationMd5Password(new byte[4]));
                bounds.sent(QUERY, 0, QUERY.length);
            }
        });
    }

    @Test
    void boundsWhatADriverKeepsAsLongAsTheConnectionLasts() throws IOException {
        receive(BackendMessage.readyForQueryIdle());
        byte[] status = BackendMessage.parameterStatus("name", "x".repeat(100_000));
        for (int i = 0; i < AnswerBounds.MAX_UNASKED_BYTES / status.length; i++) {
            bounds.sent(QUERY, 0, QUERY.length);
            receive(status);
        }
        bounds.sent(QUERY, 0, QUERY.length);
        assertThrows(AnswerBounds.BadAnswerException.class, () -> receive(status));
    }

    @Test
    void countsBytesBehindTls() throws IOException {
        bounds.sent(SSL_REQUEST, 0, SSL_REQUEST.length);
        receive((byte) 'S');
        receive(header('E', Integer.MAX_VALUE)); // Ciphertext may look like anything.
        assertThrows(AnswerBounds.BadAnswerException.class, () -> receive(new byte[AnswerBounds.MAX_ANSWER_BYTES]));
    }

    @Test
    void givesUpAnAnswerThatDripsForEver() throws IOException {
        bounds.received(header('D', 100), 0, 5, 0);
        assertThrows(
                SocketTimeoutException.class,
                () -> bounds.received(new byte[1], 0, 1, TimeUnit.MINUTES.toNanos(1) + 1));
    }
}
