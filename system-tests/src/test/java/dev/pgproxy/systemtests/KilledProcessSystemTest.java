package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.process.Programs;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Processes that are killed, frozen or asked to stop: which clients notice, which do not, and what is left. */
class KilledProcessSystemTest {

    private static ProcessHandle only(List<ProcessHandle> processes) {
        assertEquals(1, processes.size());
        return processes.get(0);
    }

    private static void signal(ProcessHandle process, String name) {
        assertEquals(
                0,
                Programs.run(List.of("kill", "-" + name, Long.toString(process.pid())))
                        .status());
    }

    @Test
    void killedPoolWorkerCostsOnlyItsOwnClients() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "proxy_worker_num = 2")) {
            Await.until(
                    "both workers to be ready", Fixture.SOON, () -> proxy.log().split("kind=pool", -1).length == 3);
            List<WireClient> clients = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                clients.add(WireClient.login(proxy.port(), "postgres", "postgres"));
            }
            ProcessHandle victim = proxy.children("pgproxy-pool-1").get(0);
            signal(victim, "KILL");
            int survivors = 0;
            for (WireClient client : clients) {
                try (client) {
                    survivors += isServed(client) ? 1 : 0;
                }
            }
            assertEquals(5, survivors, proxy.log());
            Await.until("new clients to be served", Fixture.SOON, () -> {
                try (WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
                    return client.value("select 1").equals("1");
                }
            });
            Await.until(
                    "the worker to be replaced",
                    Fixture.SOON,
                    () -> proxy.children("pgproxy-pool-1").size() == 1);
            assertTrue(proxy.log().contains("event=child_exit kind=pool slot=1 pid=" + victim.pid() + " status=137"));
        }
    }

    private static boolean isServed(WireClient client) throws IOException {
        try {
            client.send(FrontendMessage.query("select 1"));
        } catch (java.net.SocketException e) {
            return false;
        }
        WireMessage message = client.read();
        return message != null && message.type() == 'T';
    }

    @Test
    void nobodyLosesAConnectWhileWorkersAreKilled() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "proxy_worker_num = 2")) {
            AtomicBoolean stop = new AtomicBoolean();
            AtomicInteger served = new AtomicInteger();
            List<String> refused = new java.util.concurrent.CopyOnWriteArrayList<>();
            Thread load = new Thread(() -> {
                while (!stop.get()) {
                    // No answer, or a broken connection: it was a client of the worker that died.
                    firstAnswer(proxy).ifPresent(answer -> {
                        if (answer.type() == 'E') {
                            refused.add(answer.toString());
                        }
                        served.incrementAndGet();
                    });
                }
            });
            load.start();
            for (int round = 0; round < 3; round++) {
                int before = served.get();
                Await.until("clients to be served", Fixture.SOON, () -> served.get() > before + 20);
                signal(proxy.children("pgproxy-pool").get(0), "KILL");
            }
            int before = served.get();
            Await.until("clients to be served", Fixture.SOON, () -> served.get() > before + 20);
            stop.set(true);
            load.join();
            assertEquals(List.of(), refused);
        }
    }

    private static Optional<WireMessage> firstAnswer(ProxyProcess proxy) {
        try (WireClient client = new WireClient(proxy.port())) {
            client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
            return Optional.ofNullable(client.read());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    @Test
    void frozenPoolWorkerIsReplaced() throws Exception {
        try (ProxyProcess proxy =
                Fixture.proxy(Fixture.cluster(18), "proxy_worker_num = 1", "worker_hang_timeout = 1")) {
            ProcessHandle frozen = only(proxy.children("pgproxy-pool"));
            signal(frozen, "STOP");
            try (WireClient client = new WireClient(proxy.port())) {
                client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
                client.readUntil('Z'); // It was handed to the frozen one first, and then to its successor.
                assertEquals("1", client.value("select 1"));
            }
            assertTrue(proxy.log().contains("event=child_unresponsive"), proxy.log());
            assertTrue(proxy.log().contains("event=clients_rerouted count=1"), proxy.log());
        }
    }

    @Test
    void nobodyNoticesThatTheTaskWorkerDied() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18));
                WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
            Await.until(
                    "the task-worker",
                    Fixture.SOON,
                    () -> proxy.children("pgproxy-task").size() == 1);
            ProcessHandle victim = only(proxy.children("pgproxy-task"));
            signal(victim, "KILL");
            assertEquals("1", client.value("select 1"));
            Await.until(
                    "the task-worker to be replaced",
                    Fixture.SOON,
                    () -> proxy.children("pgproxy-task").stream().anyMatch(child -> child.pid() != victim.pid()));
            assertEquals("1", client.value("select 1"));
        }
    }

    @Test
    void sessionsOutliveTheMaster() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "proxy_worker_num = 1");
                WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
            List<ProcessHandle> children = proxy.master().toHandle().children().toList();
            ProcessHandle worker = only(proxy.children("pgproxy-pool"));
            client.send(FrontendMessage.query("select pg_sleep(0.5)"));
            signal(proxy.master().toHandle(), "KILL");
            client.readUntil('Z');
            assertEquals("2", client.value("select 2"));
            assertTrue(worker.isAlive());
            client.send(FrontendMessage.terminate());
            assertNull(client.read());
            Await.until(
                    "all children to end", Fixture.SOON, () -> children.stream().noneMatch(ProcessHandle::isAlive));
        }
    }

    @Test
    void orphanedWorkerEndsOnSigterm() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "proxy_worker_num = 1");
                WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
            ProcessHandle worker = only(proxy.children("pgproxy-pool"));
            signal(proxy.master().toHandle(), "KILL");
            assertEquals("2", client.value("select 2"));
            signal(worker, "TERM");
            assertEquals("57P01", client.readUntil('E').get(0).sqlState());
            Await.until("the worker to end", Fixture.SOON, () -> !worker.isAlive());
        }
    }

    @Test
    void sigtermLetsRunningQueriesFinishAndLeavesNothing() throws Exception {
        try (ProxyProcess proxy = Fixture.proxy(Fixture.cluster(18), "shutdown_timeout = 8");
                WireClient idle = WireClient.login(proxy.port(), "postgres", "postgres");
                WireClient quick = WireClient.login(proxy.port(), "postgres", "postgres");
                WireClient endless = WireClient.login(proxy.port(), "postgres", "postgres")) {
            List<ProcessHandle> children = proxy.master().toHandle().children().toList();
            quick.send(FrontendMessage.query("select pg_sleep(1)"));
            endless.send(FrontendMessage.query("select pg_sleep(1000)"));
            Await.until(
                    "the queries to run",
                    Fixture.SOON,
                    () -> Fixture.cluster(18)
                            .primary()
                            .sql(
                                    "select count(*) from pg_stat_activity where query like 'select pg_sleep(1%' and state = 'active'")
                            .equals("2"));
            long startNs = System.nanoTime();
            assertEquals(0, proxy.stop(), proxy.log());
            assertTrue(System.nanoTime() - startNs < 9_000_000_000L, proxy.log());
            assertEquals("57P01", idle.readUntil('E').get(0).sqlState());
            List<WireMessage> answer = quick.readUntil('E');
            assertTrue(answer.stream().anyMatch(message -> message.type() == 'C'), answer::toString);
            assertEquals("57P01", answer.get(answer.size() - 1).sqlState());
            assertEquals("57P01", endless.readUntil('E').get(0).sqlState());
            assertTrue(children.stream().noneMatch(ProcessHandle::isAlive));
            assertTrue(Files.notExists(proxy.directory().resolve("pgproxy.pid")));
            assertTrue(Files.notExists(proxy.directory().resolve("ipc/control.sock")));
        }
    }

    @Test
    void lostServerIsExplained() throws Exception {
        try (var cluster = dev.pgproxy.testkit.postgres.PostgresCluster.start(
                        dev.pgproxy.testkit.postgres.PostgresCluster.Options.of(18));
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =");
                WireClient client = WireClient.login(proxy.port(), "postgres", "postgres")) {
            String pid = client.value("select pg_backend_pid()");
            assertNotEquals("", pid);
            assertEquals(0, Programs.run(List.of("kill", "-KILL", pid)).status());
            WireMessage last = client.readUntil('E').get(0);
            // The backend that was killed sends nothing; its postmaster may end the others with 57P02.
            assertEquals("08006", last.sqlState());
            assertTrue(last.fields().getOrDefault('M', "").contains("closed the connection unexpectedly"));
        }
    }
}
