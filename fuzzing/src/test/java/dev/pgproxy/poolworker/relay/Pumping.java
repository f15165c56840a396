package dev.pgproxy.poolworker.relay;

import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.fuzzing.BytesTransport;

/** Feeds a peer's bytes to an inspector, through a pipe. */
public final class Pumping {

    private static final RelayBuffers BUFFERS = new RelayBuffers(1024);

    private Pumping() {}

    /** Feeds all bytes, in whatever pieces the pipe takes them. */
    public static void pump(byte[] bytes, MessageInspector inspector) {
        Pipe pipe = new Pipe(BUFFERS, inspector);
        pump(bytes, pipe);
    }

    private static void pump(byte[] bytes, Pipe pipe) {
        BytesTransport source = new BytesTransport(bytes);
        BytesTransport sink = new BytesTransport(new byte[0]);
        try {
            while (!source.isOver() && pipe.pump(source, sink) != Pipe.Outcome.STOPPED) {
                pipe.flush(sink);
            }
        } catch (ProtocolViolation e) {
            return; // Refused, as it should be.
        } finally {
            pipe.drop();
        }
    }
}
