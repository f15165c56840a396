package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.fuzzing.BytesTransport;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.RelayBuffers;

/** What a server sends while no client is attached. */
public final class HousekeepingTarget {

    private static final RelayBuffers BUFFERS = new RelayBuffers(1024);

    private HousekeepingTarget() {}

    public static void run(byte[] bytes) {
        HousekeepingInspector inspector = new HousekeepingInspector(new ServerIdentity(), new QueryProgress());
        if (bytes.length % 2 == 0) {
            inspector.expect("DISCARD ALL", FreshnessCheck.TAG);
        } else {
            inspector.expectSilence();
        }
        Pipe pipe = new Pipe(BUFFERS, inspector);
        BytesTransport source = new BytesTransport(bytes);
        try {
            while (!source.isOver()) {
                pipe.pump(source, new BytesTransport(new byte[0]));
            }
        } catch (ProtocolViolation e) {
            return; // Refused, as it should be.
        } finally {
            pipe.drop();
        }
    }
}
