package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.poolworker.backend.MessageCopies;
import dev.pgproxy.poolworker.relay.MessageInspector;
import dev.pgproxy.poolworker.traffic.LastWords;
import java.nio.ByteBuffer;

/** Inspects what a server sends while the proxy logs in to it for a client that must not notice: nothing of it passes. */
public final class SilentLogin implements MessageInspector {

    private static final byte[] NOTHING = {};

    private final LoginInspector login;
    private byte[] turnedAway = NOTHING;
    private byte[] refusal = NOTHING;
    private boolean isAboutLogin = true;
    private String problem = "the server closed the connection during the login";

    /** @param login notes what must be noted, and answers in the client's stead */
    SilentLogin(LoginInspector login) {
        this.login = login;
    }

    /** See {@link LoginGate#turnedAway}. */
    byte[] turnedAway() {
        return turnedAway;
    }

    /** Whether the server has turned the client away for lack of room. */
    boolean isFull() {
        return SqlState.TOO_MANY_CONNECTIONS.equals(BackendMessage.sqlState(turnedAway));
    }

    /** The server's ErrorResponse, header and all; empty when it has sent none. */
    byte[] refusal() {
        return refusal;
    }

    /** Whether it failed over how the client logs in, and not for lack of room or the like. */
    boolean isAboutLogin() {
        return isAboutLogin;
    }

    /** Why the login has failed. */
    String problem() {
        return problem;
    }

    @Override
    public boolean wantsWhole(byte type) {
        return true;
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) throws ProtocolViolation {
        if (type == BackendMessage.ERROR_RESPONSE) {
            if (LoginGate.isNotNow(buffer, bodyStart, bodyBytes)) {
                turnedAway = MessageCopies.whole(buffer, bodyStart, bodyBytes);
            }
            refusal = MessageCopies.whole(buffer, bodyStart, bodyBytes);
            String sqlState = BackendMessage.fields(MessageCopies.copy(buffer, bodyStart, bodyBytes))
                    .getOrDefault('C', "");
            isAboutLogin = sqlState.startsWith(SqlState.CLASS_INVALID_AUTHORIZATION);
            problem = LastWords.words(MessageCopies.copy(buffer, bodyStart, bodyBytes), "the server refused the login");
            return Verdict.STOP;
        }
        Verdict verdict = login.inspect(type, buffer, bodyStart, bodyBytes);
        login.replacement(); // The client is not sent it.
        if (verdict == Verdict.FORWARD && type == BackendMessage.AUTHENTICATION && asks(buffer, bodyStart, bodyBytes)) {
            problem = "the server asks for a secret that only the client has";
            return Verdict.STOP;
        }
        return verdict == Verdict.STOP ? verdict : Verdict.REPLACE;
    }

    private static boolean asks(ByteBuffer buffer, int bodyStart, int bodyBytes) {
        int code = bodyBytes < Integer.BYTES ? -1 : buffer.getInt(bodyStart);
        return code != AuthenticationMethod.OK_CODE && code != AuthenticationMethod.SASL_FINAL_CODE;
    }
}
