package dev.pgproxy.taskworker.probe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.FailureKind;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ProbeKind;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ProberTest {

    private static final ProxyConfig.AdminLogin LOGIN =
            new ProxyConfig.AdminLogin("postgres", "", "postgres", "scram-sha-256");
    private static final long TIMEOUT_MS = 400;

    private static Lateness.Watch lost(long ns) {
        return new Lateness.Watch() {
            @Override
            public long lostNs() {
                return ns;
            }

            @Override
            public void close() {}
        };
    }

    /** The result of probing a server that accepts connections and never sends anything. */
    private static FailureKind probe(long lostNs) throws Exception {
        LinkedBlockingQueue<Observation> seen = new LinkedBlockingQueue<>();
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
                Prober prober = new Prober(
                        new Endpoint.Tcp("127.0.0.1", silent.getLocalPort()),
                        LOGIN,
                        () -> lost(lostNs),
                        new Prober.Listener() {
                            @Override
                            public void probed(
                                    long probeId,
                                    Endpoint server,
                                    ProbeKind kind,
                                    boolean fresh,
                                    Observation observation) {
                                seen.add(observation);
                            }

                            @Override
                            public void connectionLost(Endpoint server) {}

                            @Override
                            public void moved(Endpoint server, List<String> addresses) {}
                        })) {
            assertTrue(prober.probe(1, ProbeKind.FRESH, TIMEOUT_MS));
            Observation observation = seen.poll(60, TimeUnit.SECONDS);
            return ((Observation.Failed) java.util.Objects.requireNonNull(observation)).kind();
        }
    }

    @Test
    void aServerThatDoesNotAnswerInTimeHasFailed() throws Exception {
        assertEquals(FailureKind.TIMED_OUT, probe(0));
    }

    @Test
    void whatThisProcessHadNoTimeForDoesNotCount() throws Exception {
        assertEquals(FailureKind.LOCAL, probe(TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MS / 2)));
    }

    @Test
    void timeOnAProcessorIsLost() {
        Lateness lateness = Lateness.start();
        useProcessorMs(50); // Nobody waits yet.
        try (Lateness.Watch watch = lateness.watch()) {
            useProcessorMs(50);
            assertTrue(watch.lostNs() >= TimeUnit.MILLISECONDS.toNanos(40)); // CPU time is counted in steps.
        }
    }

    private static void useProcessorMs(long ms) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long goalNs = threads.getCurrentThreadCpuTime() + TimeUnit.MILLISECONDS.toNanos(ms);
        while (threads.getCurrentThreadCpuTime() < goalNs) {
            // The kernel counts this time.
        }
    }
}
