package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.auth.ScramExchange;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.MessageFramer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Gives a server the answers that a client gave the proxy, in the same order. A cleartext password may well be right there; a
 * proof made for the proxy's salt or nonce never is, and the server then says in its own words that the password is wrong.
 * When the answers are used up, or the server asks for something else, it talks to the client itself.
 */
public final class Replay implements LoginAnswers {

    private final AuthenticationMethod method;
    private final @Nullable ScramExchange scram;
    private final ArrayDeque<byte[]> answers;

    Replay(AuthenticationMethod method, @Nullable ScramExchange scram, List<byte[]> answers) {
        this.method = method;
        this.scram = scram;
        this.answers = new ArrayDeque<>(answers);
    }

    @Override
    public byte @Nullable [] answer(int code, byte[] data) {
        if (AuthenticationMethod.ofRequest(code) != method || answers.isEmpty()) {
            return null;
        }
        byte[] answer = answers.remove();
        if (code != AuthenticationMethod.SASL_CONTINUE_CODE || scram == null) {
            return answer;
        }
        byte[] body = Arrays.copyOfRange(answer, MessageFramer.HEADER_BYTES, answer.length);
        byte type = answer[0];
        Arrays.fill(answer, (byte) 0);
        byte[] transplanted = FrontendMessage.wrap(type, scram.transplant(body, data));
        Arrays.fill(body, (byte) 0);
        return transplanted;
    }

    /** The same answers for another login; what is taken from one is not taken from the other. */
    Replay copy() {
        return new Replay(method, scram, answers.stream().map(byte[]::clone).toList());
    }

    /** Whether any answer is left. */
    boolean isLeft() {
        return !answers.isEmpty();
    }

    /** Wipes what is left. */
    void wipe() {
        answers.forEach(answer -> Arrays.fill(answer, (byte) 0));
        answers.clear();
    }
}
