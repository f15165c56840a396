package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.poolworker.relay.MessageInspector;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Inspects what a server sends while no client listens: in a drain, in a reset, while idle. It only takes notes;
 * the backend acts on them after the turn, when no buffer is in use.
 */
final class HousekeepingInspector implements MessageInspector {

    /** Answers to a reset and to the question after it. Few backends are in a reset, but all have room for them. */
    private static final int MAX_EXPECTED = 2;

    private final ServerIdentity identity;
    private final QueryProgress progress;

    /** The CommandComplete tags that the reset's statements must answer with, the next one first; empty while draining or idle. */
    private final Deque<String> expectedTags = new ArrayDeque<>(MAX_EXPECTED);

    private CustomParameters.@Nullable Question question;
    private String leftover = "";
    private long idleSessionTimeoutMs;

    private boolean silenceExpected;
    private boolean completed;
    private boolean readySeen;
    private boolean violated;

    HousekeepingInspector(ServerIdentity identity, QueryProgress progress) {
        this.identity = identity;
        this.progress = progress;
    }

    /** Expects answers to our own statements; only the last one's ReadyForQuery counts. */
    void expect(String... tags) {
        expectedTags.clear();
        expectedTags.addAll(List.of(tags));
        completed = false;
        readySeen = false;
    }

    /** Sets the question that is asked after DISCARD ALL, to read its answer. */
    void ask(CustomParameters.Question asked) {
        question = asked;
    }

    /** Expects nothing but notices, notifications and changed parameters. */
    void expectSilence() {
        silenceExpected = true;
    }

    /** Whether the awaited ReadyForQuery has arrived since the last call. */
    boolean takeReady() {
        boolean seen = readySeen;
        readySeen = false;
        return seen;
    }

    /** Whether anything arrived that makes the backend unfit for another client. */
    boolean isViolated() {
        return violated;
    }

    /** What is left of the former client, according to the server; empty for nothing, or when it was not asked. */
    String leftover() {
        return leftover;
    }

    /** Idle time after which the server ends the session, in milliseconds; 0 for never. */
    long idleSessionTimeoutMs() {
        return idleSessionTimeoutMs;
    }

    @Override
    public boolean wantsWhole(byte type) {
        return type == BackendMessage.READY_FOR_QUERY
                || type == BackendMessage.PARAMETER_STATUS
                || (!expectedTags.isEmpty()
                        && (type == BackendMessage.COMMAND_COMPLETE
                                || type == BackendMessage.DATA_ROW
                                || type == BackendMessage.ERROR_RESPONSE));
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
        violated |= silenceExpected || (!expectedTags.isEmpty() && !completed);
        expectedTags.poll();
        completed = false;
        readySeen |= expectedTags.isEmpty();
        progress.onReadyForQuery(status);
    }

    private void onAnswer(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        if (silenceExpected) {
            violated = true;
        } else if (expectedTags.isEmpty()) {
            progress.onBackend(type);
        } else {
            onAnswerToUs(type, buffer, bodyStart, bodyBytes);
        }
    }

    private void onAnswerToUs(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        boolean isCheck = FreshnessCheck.TAG.equals(expectedTags.peek());
        switch (type) {
            case BackendMessage.COMMAND_COMPLETE -> {
                completed = tag(buffer, bodyStart, bodyBytes).equals(expectedTags.peek());
                violated |= !completed;
            }
            case BackendMessage.ROW_DESCRIPTION -> violated |= !isCheck;
            case BackendMessage.DATA_ROW -> {
                violated |= !isCheck;
                byte[] row = MessageCopies.copy(buffer, bodyStart, bodyBytes);
                FreshnessCheck.Answer answer = question == null ? FreshnessCheck.read(row) : question.read(row);
                idleSessionTimeoutMs = answer.idleSessionTimeoutMs();
                leftover = answer.leftover();
                violated |= !leftover.isEmpty();
            }
            case BackendMessage.ERROR_RESPONSE -> {
                violated = true;
                if (isCheck) {
                    notAnswered();
                    leftover = "cannot be asked what is left: "
                            + BackendMessage.fields(MessageCopies.copy(buffer, bodyStart, bodyBytes))
                                    .getOrDefault('C', "");
                }
            }
            default -> violated = true;
        }
    }

    private static String tag(ByteBuffer buffer, int bodyStart, int bodyBytes) {
        byte[] tag = MessageCopies.copy(buffer, bodyStart, bodyBytes);
        return new String(tag, 0, Math.max(0, tag.length - 1), StandardCharsets.US_ASCII);
    }

    @Override
    public void passedUnseen(byte type) {
        violated = true;
        if (FreshnessCheck.TAG.equals(expectedTags.peek())) {
            leftover = "cannot be asked what is left: the answer is too long";
            notAnswered();
        }
    }

    /** The server will not answer what was asked after DISCARD ALL. */
    private void notAnswered() {
        if (question != null) {
            question.refused();
        }
    }

    /** The server has not answered in time. */
    void timedOut() {
        if (question != null && FreshnessCheck.TAG.equals(expectedTags.peek())) {
            question.timedOut();
        }
    }
}
