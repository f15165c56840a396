package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.poolworker.relay.MessageInspector;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.Tally;
import java.nio.ByteBuffer;

/** Looks at what a client sends to its server: everything passes but Terminate, which ends the session and not the backend. */
final class FrontendTraffic implements MessageInspector {

    private final QueryProgress progress;
    private final Tally tally;
    private final Clock clock;

    FrontendTraffic(QueryProgress progress, Tally tally, Clock clock) {
        this.progress = progress;
        this.tally = tally;
        this.clock = clock;
    }

    @Override
    public boolean wantsWhole(byte type) {
        return false;
    }

    @Override
    public Verdict inspect(byte type, ByteBuffer buffer, int bodyStart, int bodyBytes) {
        if (type == FrontendMessage.TERMINATE) {
            return Verdict.STOP;
        }
        if (!tally.isRunning() && type != FrontendMessage.PASSWORD) {
            tally.queryStarted(clock.nanoTime());
        }
        progress.onFrontend(type);
        return Verdict.FORWARD;
    }
}
