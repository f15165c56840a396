package dev.pgproxy.poolworker.relay;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;

/**
 * What the messages of both sides show about the running query: whether the server still owes a ReadyForQuery, whether
 * a COPY is under way, and the transaction status. Each Query, FunctionCall and Sync is owed one ReadyForQuery, except
 * a Sync that arrives inside COPY FROM STDIN, which the server ignores. Protocol: "Message Flow".
 *
 * <p>Some sequences can be counted in two ways (a Query in the middle of an extended-protocol sequence, for one).
 * They are legal but rare, and make the state doubtful: a backend in doubt is not used again.
 */
public final class QueryProgress {

    /** Whether the server expects CopyData, and what will make it send ReadyForQuery. */
    private enum CopyIn {
        NONE,
        IN_QUERY,
        IN_EXTENDED
    }

    /** Answers that are owed and whose kind is known one by one. */
    private static final int TOLD_APART = Long.SIZE;

    private int owed;

    /** Which of the next answers are owed to a Sync and not to a query, the next one in the lowest bit. */
    private long toSyncs;

    /** The kind of the last answer owed; all beyond {@link #TOLD_APART} are of this kind, or the state is doubtful. */
    private boolean lastIsToSync;

    private boolean sequenceOpen;
    private boolean copyOut;
    private boolean copyBoth;
    private boolean doubtful;
    private CopyIn copyIn = CopyIn.NONE;
    private byte transactionStatus = BackendMessage.IDLE;

    /** A message of the client passes. */
    public void onFrontend(byte type) {
        switch (type) {
            case FrontendMessage.QUERY, FrontendMessage.FUNCTION_CALL -> {
                // After an error in the open sequence the server skips this one, too.
                doubtful |= sequenceOpen;
                owe(false);
            }
            case FrontendMessage.SYNC -> {
                if (copyIn == CopyIn.NONE) {
                    owe(true);
                    sequenceOpen = false;
                }
            }
            case FrontendMessage.COPY_DONE, FrontendMessage.COPY_FAIL -> endCopyIn();
            case 'P', 'B', 'D', 'E', 'C' -> sequenceOpen = true;
            default -> {} // CopyData, Flush and answers to authentication change nothing.
        }
    }

    /** A message of the server passes; ReadyForQuery is reported to {@link #onReadyForQuery}. */
    public void onBackend(byte type) {
        switch (type) {
            case BackendMessage.COPY_IN_RESPONSE -> {
                doubtful |= isMixed();
                copyIn = owed > 0 && !isNextToSync() ? CopyIn.IN_QUERY : CopyIn.IN_EXTENDED;
            }
            case BackendMessage.COPY_OUT_RESPONSE -> copyOut = true;
            case BackendMessage.COPY_BOTH_RESPONSE -> {
                copyBoth = true;
                doubtful = true;
            }
            case BackendMessage.COPY_DONE -> {
                copyOut = false;
                copyBoth = false;
            }
            case BackendMessage.ERROR_RESPONSE -> {
                copyOut = false;
                endCopyIn();
            }
            default -> {}
        }
    }

    /** Syncs that arrived before the copy ended were ignored; in the extended protocol the sequence needs another one. */
    private void endCopyIn() {
        if (copyIn == CopyIn.IN_EXTENDED) {
            owed = isMixed() ? owed : 0;
            sequenceOpen = true;
        }
        copyIn = CopyIn.NONE;
    }

    /** @param status I outside a transaction, T inside one, E inside one that failed */
    public void onReadyForQuery(byte status) {
        transactionStatus = status;
        copyIn = CopyIn.NONE;
        copyOut = false;
        copyBoth = false;
        if (owed == 0) {
            doubtful = true;
            return;
        }
        owed--;
        toSyncs >>>= 1;
        if (owed >= TOLD_APART && lastIsToSync) {
            toSyncs |= 1L << (TOLD_APART - 1);
        }
    }

    /** The server will send one more ReadyForQuery, after all those that it owes already. */
    private void owe(boolean toSync) {
        if (owed < TOLD_APART) {
            long bit = 1L << owed;
            toSyncs = toSync ? toSyncs | bit : toSyncs & ~bit;
        } else {
            doubtful |= toSync != lastIsToSync;
        }
        lastIsToSync = toSync;
        owed++;
    }

    private boolean isNextToSync() {
        return (toSyncs & 1) != 0;
    }

    /** Whether answers are owed to queries and to Syncs. */
    private boolean isMixed() {
        long all = owed >= TOLD_APART ? -1L : (1L << owed) - 1;
        long syncs = toSyncs & all;
        return syncs != 0 && syncs != all;
    }

    /** Something passed that could not be accounted for. */
    public void doubt() {
        doubtful = true;
    }

    /** Whether the server sends WAL, and executes nothing. */
    public boolean isStreaming() {
        return copyBoth;
    }

    /** Whether the server owes an answer. */
    public boolean isRunning() {
        return owed > 0;
    }

    /** Whether the client has nothing under way: no query, no COPY, no open sequence. */
    public boolean isAtRest() {
        return !isRunning() && !sequenceOpen && !copyOut && copyIn == CopyIn.NONE;
    }

    /** Whether the server may be at work: it owes an answer, or its state is unknown. */
    public boolean mayBeRunning() {
        return isRunning() || !isResettable();
    }

    /** Whether the server waits for more from the client, or its state is unknown. */
    public boolean awaitsClient() {
        return doubtful || sequenceOpen || copyIn != CopyIn.NONE;
    }

    /** Whether the backend can be used again once it has answered: no COPY, no unfinished sequence, no doubt. */
    public boolean isResettable() {
        return !doubtful && !sequenceOpen && !copyOut && copyIn == CopyIn.NONE;
    }

    public boolean isInTransaction() {
        return transactionStatus != BackendMessage.IDLE;
    }
}
