package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.poolworker.backend.MessageCopies;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.MessageInspector;
import dev.pgproxy.poolworker.relay.QueryProgress;
import java.nio.ByteBuffer;

/** Looks at what a server sends to its client: everything passes, and only what decides about reuse is noted. */
final class BackendTraffic implements MessageInspector {

    private final ServerIdentity identity;
    private final QueryProgress progress;
    private boolean lastWasError;

    BackendTraffic(ServerIdentity identity, QueryProgress progress) {
        this.identity = identity;
        this.progress = progress;
    }

    /** Whether the server's last message was an ErrorResponse, so that a close behind it needs no further words. */
    boolean lastWasError() {
        return lastWasError;
    }

    @Override
    public boolean wantsWhole(byte type) {
        return type == BackendMessage.READY_FOR_QUERY || type == BackendMessage.PARAMETER_STATUS;
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        lastWasError = type == BackendMessage.ERROR_RESPONSE;
        if (type == BackendMessage.READY_FOR_QUERY) {
            progress.onReadyForQuery(bodyBytes == 1 ? buffer.get(bodyStart) : 0);
        } else if (type == BackendMessage.PARAMETER_STATUS) {
            MessageCopies.status(identity, buffer, bodyStart, bodyBytes);
        } else {
            progress.onBackend(type);
        }
        return Verdict.FORWARD;
    }

    @Override
    public void passedUnseen(byte type) {
        // A parameter that could not be noted could not be told to the next client: no reuse.
        progress.doubt();
    }
}
