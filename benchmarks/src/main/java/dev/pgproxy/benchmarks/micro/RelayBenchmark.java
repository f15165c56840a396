package dev.pgproxy.benchmarks.micro;

import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.QueryProgress;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import dev.pgproxy.poolworker.relay.Tally;
import dev.pgproxy.poolworker.traffic.BackendTraffic;
import dev.pgproxy.poolworker.traffic.DatabaseWait;
import dev.pgproxy.poolworker.traffic.FrontendTraffic;
import dev.pgproxy.poolworker.traffic.StateTrace;
import dev.pgproxy.testkit.loop.StillPoller;
import dev.pgproxy.testkit.wire.WireClient;
import java.nio.charset.StandardCharsets;
import org.openjdk.jmh.annotations.Benchmark;

/** What pgbench -S and its server say passes through both pipes and all that inspects it, without a kernel. */
public class RelayBenchmark extends StepBenchmark {

    private static final byte[] QUERY =
            FrontendMessage.query("SELECT abalance FROM pgbench_accounts WHERE aid = 4711;");
    private static final byte[] ANSWER = WireClient.concat(
            BackendMessage.wrap((byte) 'T', new byte[33]),
            BackendMessage.wrap((byte) 'D', new byte[11]),
            BackendMessage.wrap((byte) 'C', "SELECT 1\0".getBytes(StandardCharsets.US_ASCII)),
            BackendMessage.readyForQueryIdle());

    private final EventLoop loop = new EventLoop(new StillPoller(), System::nanoTime);
    private final MemoryTransport client = new MemoryTransport(QUERY);
    private final MemoryTransport server = new MemoryTransport(ANSWER);
    private final RelayBuffers buffers = new RelayBuffers(16 * 1024);
    private final QueryProgress progress = new QueryProgress();
    private final Tally tally = new Tally();
    private final DatabaseWait databases = new DatabaseWait(loop.scheduler(), () -> true, name -> {});
    private final Pipe toServer =
            new Pipe(buffers, new FrontendTraffic(progress, tally, loop.clock(), new StateTrace(), databases, null));
    private final Pipe toClient =
            new Pipe(buffers, new BackendTraffic(new ServerIdentity(), progress, tally, loop.clock(), new Silence()));

    /** Nothing that passes here concerns anybody else. */
    private static final class Silence implements BackendTraffic.News {
        @Override
        public void rolesChanged() {}

        @Override
        public void objectInUse(String words) {}

        @Override
        public void answered() {}
    }

    @Benchmark
    public Pipe.Outcome queryAndAnswer() throws ProtocolViolation {
        toServer.pump(client, server);
        return toClient.pump(server, client);
    }
}
