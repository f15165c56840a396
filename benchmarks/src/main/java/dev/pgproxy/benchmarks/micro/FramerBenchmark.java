package dev.pgproxy.benchmarks.micro;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.MessageFramer;
import dev.pgproxy.common.protocol.ProtocolViolation;
import java.nio.ByteBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;

/** Finds the messages in a read full of short rows. */
public class FramerBenchmark extends StepBenchmark {

    private static final int ROWS = 1_000;

    private final MessageFramer framer = new MessageFramer();
    private final ByteBuffer rows = rows();

    private static ByteBuffer rows() {
        byte[] row = BackendMessage.wrap((byte) 'D', new byte[40]);
        ByteBuffer rows = ByteBuffer.allocateDirect(ROWS * row.length);
        while (rows.hasRemaining()) {
            rows.put(row);
        }
        return rows;
    }

    @Benchmark
    @OperationsPerInvocation(ROWS)
    public int message() throws ProtocolViolation {
        rows.clear();
        int bytes = 0;
        while (framer.next(rows)) {
            bytes += framer.bodyBytes();
            framer.skipBody(rows);
        }
        return bytes;
    }
}
