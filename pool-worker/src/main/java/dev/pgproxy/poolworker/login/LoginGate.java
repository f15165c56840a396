package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.poolworker.backend.MessageCopies;
import dev.pgproxy.poolworker.relay.MessageInspector;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Set;

/**
 * Withholds what a server sends during a login until it matters: until the server asks for something, lets the client in or
 * refuses it. A server that ends in mid-login has sent half of it, and a client that got nothing can be served by another.
 */
public final class LoginGate implements MessageInspector {

    private static final byte[] NOTHING = {};

    /** Notices and parameters take far less; beyond this, the rest passes as it arrives. */
    private static final int MAX_WITHHELD_BYTES = 64 * 1024;

    /** SQLSTATEs of a server that starts, stops or has no room. Another one may take the client, or the same one a little later. */
    private static final Set<String> NOT_NOW = Set.of(
            SqlState.CANNOT_CONNECT_NOW,
            SqlState.ADMIN_SHUTDOWN,
            SqlState.CRASH_SHUTDOWN,
            SqlState.TOO_MANY_CONNECTIONS);

    private final LoginInspector login;
    private final ByteArrayOutputStream withheld = new ByteArrayOutputStream();
    private byte[] replacement = NOTHING;
    private byte[] turnedAway = NOTHING;
    private boolean open;

    /** @param login inspects each message, and decides in what form the client gets it */
    LoginGate(LoginInspector login) {
        this.login = login;
    }

    /** Whether the client has been sent anything. */
    boolean isOpen() {
        return open;
    }

    /** The withheld refusal of a server that takes no connections for now; empty when there was none. */
    byte[] turnedAway() {
        return turnedAway;
    }

    /** Whether the ErrorResponse with this body says that the server takes no connections for now. */
    static boolean isNotNow(ByteBuffer buffer, int bodyStart, int bodyBytes) {
        byte[] error = MessageCopies.copy(buffer, bodyStart, bodyBytes);
        return NOT_NOW.contains(BackendMessage.fields(error).getOrDefault('C', ""));
    }

    @Override
    public boolean wantsWhole(byte type) {
        return login.wantsWhole(type);
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) throws ProtocolViolation {
        if (!open && type == BackendMessage.ERROR_RESPONSE && isNotNow(buffer, bodyStart, bodyBytes)) {
            turnedAway = MessageCopies.whole(buffer, bodyStart, bodyBytes);
            return Verdict.STOP;
        }
        Verdict verdict = login.inspect(type, buffer, bodyStart, bodyBytes);
        if (open) {
            replacement = login.replacement();
            return verdict;
        }
        withheld.writeBytes(
                verdict == Verdict.REPLACE ? login.replacement() : MessageCopies.whole(buffer, bodyStart, bodyBytes));
        if (matters(type, buffer, bodyStart, bodyBytes) || withheld.size() > MAX_WITHHELD_BYTES) {
            open();
        }
        return Verdict.REPLACE;
    }

    private static boolean matters(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        return switch (type) {
            case BackendMessage.AUTHENTICATION ->
                bodyBytes < Integer.BYTES || buffer.getInt(bodyStart) != AuthenticationMethod.OK_CODE;
            case BackendMessage.ERROR_RESPONSE, BackendMessage.READY_FOR_QUERY -> true;
            default -> false;
        };
    }

    private void open() {
        open = true;
        replacement = withheld.toByteArray();
        withheld.reset();
    }

    @Override
    public byte[] replacement() {
        byte[] bytes = replacement;
        replacement = NOTHING;
        return bytes;
    }

    @Override
    public void passedUnseen(byte type) {
        login.passedUnseen(type);
        if (!open) {
            open();
        }
    }
}
