package dev.pgproxy.master.failover;

import static dev.pgproxy.master.failover.PlayedProbes.ORPHAN;
import static dev.pgproxy.master.failover.PlayedProbes.PRIMARY;
import static dev.pgproxy.master.failover.PlayedProbes.REFUSED;
import static dev.pgproxy.master.failover.PlayedProbes.STANDBY;
import static dev.pgproxy.master.failover.PlayedProbes.primary;
import static dev.pgproxy.master.failover.PolicyParts.X;
import static dev.pgproxy.master.failover.PolicyParts.Y;
import static dev.pgproxy.master.failover.PolicyParts.Z;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.master.worker.PlayedWorker;
import dev.pgproxy.master.worker.WorkerRegistry;
import dev.pgproxy.testkit.config.TestConfig;
import dev.pgproxy.testkit.loop.StillPoller;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The desk performs what the policy decides: probes and errands at the task-worker, saves, and what concerns clients. */
class FailoverDeskTest {

    private static final long RETRY_MS = 500;
    private static final ProxyConfig CONFIG = TestConfig.of(
            "master = x:5432",
            "promote = y:5432",
            "slaver_list = y:5432, z:5432",
            "conninfo.user = postgres",
            "conninfo.conn_retry_num = 2",
            "conninfo.conn_retry_interval = 500ms");

    private long nowMs = 1_000;
    private final EventLoop loop = new EventLoop(new StillPoller(), () -> nowMs * 1_000_000L);
    private final WorkerRegistry workers = new WorkerRegistry();
    private final PlayedWorker task = new PlayedWorker(ChildKind.TASK, 1);
    private final Map<Endpoint, Observation> found = new HashMap<>(Map.of(X, PRIMARY, Y, STANDBY, Z, STANDBY));
    private final List<String> done = new ArrayList<>();
    private final List<FailoverState> saved = new ArrayList<>();
    private boolean diskIsFull;
    private int heard;
    private final FailoverDesk desk = new FailoverDesk(
            loop,
            () -> Instant.EPOCH,
            this::save,
            new Inline(),
            CONFIG,
            FailoverState.initial(CONFIG.servers()).withSystemId(PlayedProbes.ID),
            server -> false,
            workers,
            new Noted());

    /** Runs each task at once. */
    private static final class Inline implements Background {
        @Override
        public boolean run(Runnable work) {
            work.run();
            return true;
        }

        @Override
        public void close() {}
    }

    private final class Noted implements FailoverDesk.Listener {
        @Override
        public void primaryHeld(boolean held) {
            done.add(held ? "hold" : "release");
        }

        @Override
        public void readable(List<Endpoint> standbys) {
            done.add("read from " + standbys);
        }

        @Override
        public void holdSessions(Endpoint server, boolean held) {
            done.add((held ? "quiesce " : "resume ") + server);
        }

        @Override
        public void switchoverEnded(@Nullable String problem) {
            done.add("switchover ended");
        }

        @Override
        public void cutOff(Endpoint server, Endpoint successor) {
            done.add("cut off " + server);
        }

        @Override
        public int connections(Endpoint server) {
            return 0;
        }

        @Override
        public void serversChanged(ProxyConfig.Servers servers) {
            done.add("primary " + servers.primary());
        }

        @Override
        public void tell(Alert alert) {
            done.add("alert " + alert.kind());
        }

        @Override
        public void probedAll() {
            done.add("probed all");
        }
    }

    FailoverDeskTest() {
        workers.ready(task);
        desk.start();
        settle();
        done.clear();
    }

    @AfterEach
    void close() {
        desk.close();
    }

    private void save(FailoverState state) throws IOException {
        if (diskIsFull) {
            throw new IOException("no space left on device");
        }
        saved.add(state);
    }

    /** Answers what the task-worker was asked, until nothing is due. */
    private void settle() {
        for (int i = 0; i < 20; i++) {
            loop.tick();
            List<ProbeMessages.ProbeServer> asked = task.received(ProbeMessages.ProbeServer.class);
            for (; heard < asked.size(); heard++) {
                ProbeMessages.ProbeServer probe = asked.get(heard);
                desk.probes()
                        .onServerProbed(
                                task,
                                new ProbeMessages.ServerProbed(
                                        probe.probeId(),
                                        probe.server(),
                                        probe.kind(),
                                        true,
                                        found.getOrDefault(probe.server(), REFUSED)));
            }
        }
    }

    private void passMs(long ms) {
        nowMs += ms;
        settle();
    }

    private List<ProbeMessages.RunErrand> promotions() {
        return task.received(ProbeMessages.RunErrand.class).stream()
                .filter(errand -> errand.errand().promotes())
                .toList();
    }

    private void primaryDies() {
        found.put(X, REFUSED);
        found.put(Y, ORPHAN);
        desk.suspected(X);
        settle();
        for (int i = 0; i < 4; i++) {
            passMs(RETRY_MS);
        }
    }

    @Test
    void allServersAreProbedFromTheStart() {
        assertTrue(task.received(ProbeMessages.ProbeServer.class).stream()
                .map(ProbeMessages.ProbeServer::server)
                .toList()
                .containsAll(List.of(X, Y, Z)));
        assertTrue(desk.view(X).isPrimary());
        assertEquals(1, saved.size());
    }

    @Test
    void aDeadPrimaryIsReplacedAndEachStepIsPerformedInItsOrder() {
        primaryDies();
        assertEquals("hold", done.get(0), "clients wait from the first doubt");
        assertTrue(done.contains("alert PRIMARY_DOWN"), done::toString);
        assertTrue(done.contains("cut off x:5432"), done::toString);
        assertEquals(
                FailoverState.Phase.INTENT,
                saved.get(saved.size() - 1).decision().orElseThrow().phase());
        assertEquals(1, promotions().size());
        assertFalse(done.contains("primary y:5432"));

        desk.probes()
                .onErrandDone(
                        task, new ProbeMessages.ErrandDone(promotions().get(0).requestId(), true, 0, "", ""));
        found.put(Y, primary(2));
        for (int i = 0; i < 4; i++) {
            passMs(RETRY_MS);
        }
        assertEquals(
                FailoverState.Phase.DONE,
                saved.get(saved.size() - 1).decision().orElseThrow().phase());
        assertTrue(done.contains("primary y:5432"), done::toString);
        assertTrue(done.lastIndexOf("release") > done.indexOf("primary y:5432"), done::toString);
        assertTrue(done.contains("alert PROMOTED"), done::toString);
        assertTrue(desk.view(Y).isPrimary());
    }

    /** A decision that is not on disk may be forgotten, and another one made after a restart. */
    @Test
    void nothingIsPromotedWhileTheDecisionCannotBeSaved() {
        diskIsFull = true;
        primaryDies();
        assertEquals(List.of(), promotions());
        assertTrue(done.contains("alert STATE_FILE_FAILED"), done::toString);
        diskIsFull = false;
        for (int i = 0; i < 8; i++) {
            passMs(RETRY_MS);
        }
        assertEquals(1, promotions().size());
    }

    @Test
    void aStandbyThatFailsIsNoLongerReadFrom() {
        found.put(Z, REFUSED);
        desk.suspected(Z);
        settle();
        assertTrue(done.contains("read from [y:5432]"), done::toString);
        assertFalse(done.contains("hold"));
    }

    @Test
    void operatorsWaitForProbesThatAreNotRecent() {
        desk.probeIfStale(List.of(X, Y, Z));
        assertFalse(desk.isProbing(), "they were probed just now");
        nowMs += 2_001;
        desk.probeIfStale(List.of(X, Y, Z));
        assertTrue(desk.isProbing());
        settle();
        assertFalse(desk.isProbing());
        assertTrue(done.contains("probed all"));
    }

    @Test
    void aClosedDeskDecidesNothing() {
        desk.close();
        primaryDies();
        assertEquals(List.of(), promotions());
    }
}
