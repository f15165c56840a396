package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.poolworker.backend.MessageCopies;
import dev.pgproxy.poolworker.relay.MessageInspector;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.Tally;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Inspects what a client sends to its server: everything passes but Terminate, which ends the session and not the backend. */
public final class FrontendTraffic implements MessageInspector {

    private final QueryProgress progress;
    private final Tally tally;
    private final Clock clock;
    private final StateTrace trace;
    private final DatabaseWait databases;
    private final @Nullable ScramWitness witness;

    /**
     * @param trace notes what the session may hold
     * @param databases notes commands that need a database for themselves
     * @param witness overhears the login; null for none
     */
    public FrontendTraffic(
            QueryProgress progress,
            Tally tally,
            Clock clock,
            StateTrace trace,
            DatabaseWait databases,
            @Nullable ScramWitness witness) {
        this.progress = progress;
        this.tally = tally;
        this.clock = clock;
        this.trace = trace;
        this.databases = databases;
        this.witness = witness;
    }

    @Override
    public boolean wantsWhole(byte type) {
        return type == FrontendMessage.QUERY
                || type == FrontendMessage.PARSE
                || databases.wants(type)
                || (witness != null && type == FrontendMessage.PASSWORD);
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        if (type == FrontendMessage.TERMINATE) {
            return Verdict.STOP;
        }
        if (type == FrontendMessage.PASSWORD) {
            overhear(buffer, bodyStart, bodyBytes);
        }
        trace.onFrontend(type, buffer, bodyStart, bodyBytes);
        databases.onFrontend(type, buffer, bodyStart, bodyBytes, progress);
        count(type);
        return Verdict.FORWARD;
    }

    @Override
    public void passedUnseen(byte type) {
        trace.onUnseen(type);
        databases.onUnseen(type);
        count(type);
    }

    private void count(byte type) {
        if (type != FrontendMessage.PASSWORD && !tally.isRunning()) {
            tally.queryStarted(clock.nanoTime());
        }
        progress.onFrontend(type);
    }

    private void overhear(ByteBuffer buffer, int bodyStart, int bodyBytes) {
        if (witness != null) {
            byte[] body = MessageCopies.copy(buffer, bodyStart, bodyBytes);
            witness.client(body);
            Arrays.fill(body, (byte) 0);
        }
    }
}
