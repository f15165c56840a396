package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import java.io.ByteArrayOutputStream;
import java.util.function.UnaryOperator;

/** What the proxy sends a client whose backend it did not log in to itself. */
public final class Greeting {

    private Greeting() {}

    /**
     * The messages that a login would have sent.
     *
     * @param before sent before AuthenticationOk
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
