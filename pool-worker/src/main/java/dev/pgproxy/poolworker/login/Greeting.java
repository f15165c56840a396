package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import java.io.ByteArrayOutputStream;
import java.util.function.UnaryOperator;

/** What the proxy sends a client whose backend it did not log in to itself. */
public final class Greeting {

    /** AuthenticationOk, BackendKeyData and ReadyForQuery, with a key of 4 bytes; more room is made where that is not enough. */
    private static final int OTHER_BYTES = 28;

    private Greeting() {}

    /**
     * The messages that a login would have sent.
     *
     * @param before sent before AuthenticationOk
     * @param secretForKey the session's secret for the server's cancel key, of the same length
     */
    static byte[] full(ServerIdentity server, byte[] before, UnaryOperator<byte[]> secretForKey) {
        byte[] statuses = server.allStatuses();
        ByteArrayOutputStream words = new ByteArrayOutputStream(before.length + statuses.length + OTHER_BYTES);
        words.writeBytes(before);
        words.writeBytes(BackendMessage.authenticationOk());
        server.loginNotices().forEach(words::writeBytes);
        words.writeBytes(statuses);
        if (server.cancelKey().length > 0) {
            words.writeBytes(BackendMessage.backendKeyData(server.pid(), secretForKey.apply(server.cancelKey())));
        }
        words.writeBytes(BackendMessage.readyForQueryIdle());
        return words.toByteArray();
    }

    /** Parameter values that are new to a client that has a session already. */
    static byte[] news(ServerIdentity server, Resumption known) {
        ByteArrayOutputStream words = new ByteArrayOutputStream();
        server.statuses().forEach((name, value) -> {
            if (!value.equals(known.statuses().get(name))) {
                words.writeBytes(BackendMessage.parameterStatus(name, value));
            }
        });
        return words.toByteArray();
    }
}
