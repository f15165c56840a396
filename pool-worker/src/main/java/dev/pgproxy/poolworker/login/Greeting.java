package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import java.io.ByteArrayOutputStream;
import java.util.function.UnaryOperator;

/** What a client is told of a backend that it did not log in to itself. */
public final class Greeting {

    private Greeting() {}

    /**
     * What a login would have told it.
     *
     * @param before goes ahead of AuthenticationOk
     * @param secretForKey the session's secret for the server's cancel key, of the same length
     */
    static byte[] full(ServerIdentity server, byte[] before, UnaryOperator<byte[]> secretForKey) {
        ByteArrayOutputStream words = new ByteArrayOutputStream();
        words.writeBytes(before);
        words.writeBytes(BackendMessage.authenticationOk());
        server.loginNotices().forEach(words::writeBytes);
        server.statusMessages().forEach(words::writeBytes);
        if (server.cancelKey().length > 0) {
            words.writeBytes(BackendMessage.backendKeyData(server.pid(), secretForKey.apply(server.cancelKey())));
        }
        words.writeBytes(BackendMessage.readyForQueryIdle());
        return words.toByteArray();
    }

    /** What is new to a client that has its session already. */
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
