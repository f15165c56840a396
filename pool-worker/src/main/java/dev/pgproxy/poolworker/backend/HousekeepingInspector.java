package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.poolworker.relay.MessageInspector;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Looks at what a server sends while no client listens: in a drain, in a reset, while idle. It only takes notes; the backend
 * acts on them after the turn, when no buffer is in use any more.
 */
final class HousekeepingInspector implements MessageInspector {

    private final ServerIdentity identity;
    private final QueryProgress progress;

    /** The CommandComplete tag that the reset's current statement must answer with; null while draining or idle. */
    private String expectedTag = "";

    private boolean silenceExpected;
    private boolean completed;
    private boolean readySeen;
    private boolean violated;

    HousekeepingInspector(ServerIdentity identity, QueryProgress progress) {
        this.identity = identity;
        this.progress = progress;
    }

    /** From now on the answer to our own statement is expected. */
    void expect(String tag) {
        expectedTag = tag;
        completed = false;
        readySeen = false;
    }

    /** From now on nothing but notices and changed parameters is expected. */
    void expectSilence() {
        silenceExpected = true;
    }

    /** Whether a ReadyForQuery came since this was last asked. */
    boolean takeReady() {
        boolean seen = readySeen;
        readySeen = false;
        return seen;
    }

    /** Whether anything came that makes the backend unfit for another client. */
    boolean isViolated() {
        return violated;
    }

    @Override
    public boolean wantsWhole(byte type) {
        return type == BackendMessage.READY_FOR_QUERY
                || type == BackendMessage.PARAMETER_STATUS
                || (type == BackendMessage.COMMAND_COMPLETE && !expectedTag.isEmpty());
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        switch (type) {
            case BackendMessage.PARAMETER_STATUS ->
                violated |= !MessageCopies.status(identity, buffer, bodyStart, bodyBytes);
            case BackendMessage.NOTICE_RESPONSE, BackendMessage.NOTIFICATION_RESPONSE -> {}
            case BackendMessage.READY_FOR_QUERY -> onReady(bodyBytes == 1 ? buffer.get(bodyStart) : 0);
            default -> onAnswer(type, buffer, bodyStart, bodyBytes);
        }
        return Verdict.FORWARD;
    }

    private void onReady(byte status) {
        violated |= silenceExpected || (!expectedTag.isEmpty() && !completed);
        readySeen = true;
        progress.onReadyForQuery(status);
    }

    private void onAnswer(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        if (silenceExpected) {
            violated = true;
        } else if (!expectedTag.isEmpty()) {
            completed =
                    type == BackendMessage.COMMAND_COMPLETE && expectedTag.equals(tag(buffer, bodyStart, bodyBytes));
            violated |= !completed;
        } else {
            progress.onBackend(type);
        }
    }

    private static String tag(ByteBuffer buffer, int bodyStart, int bodyBytes) {
        byte[] tag = MessageCopies.copy(buffer, bodyStart, bodyBytes);
        return new String(tag, 0, Math.max(0, tag.length - 1), StandardCharsets.US_ASCII);
    }

    @Override
    public void passedUnseen(byte type) {
        violated = true;
    }
}
