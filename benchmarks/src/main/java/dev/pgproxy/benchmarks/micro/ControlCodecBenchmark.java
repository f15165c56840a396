package dev.pgproxy.benchmarks.micro;

import dev.pgproxy.common.channel.ControlFrame;
import dev.pgproxy.common.channel.ControlViolation;
import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.RoleMessages;
import dev.pgproxy.common.net.Endpoint;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;

/** A message between two processes, encoded and decoded. */
public class ControlCodecBenchmark extends StepBenchmark {

    private final ControlFrame frames = new ControlFrame(new Protocol(), new ArrayDeque<>());
    private final ByteBuffer bytes = ByteBuffer.allocateDirect(ControlFrame.MAX_FRAME_BYTES);
    private final ControlMessage question =
            new RoleMessages.FindRole(4711, new Endpoint.Tcp("10.0.0.1", 5432), "application", "shop");

    @Benchmark
    public @Nullable ControlMessage questionAboutARole() throws ControlViolation {
        bytes.clear();
        frames.encode(question, bytes);
        return frames.decodeNext(bytes.flip());
    }
}
