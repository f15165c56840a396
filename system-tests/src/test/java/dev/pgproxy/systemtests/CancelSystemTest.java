package dev.pgproxy.systemtests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.testkit.postgres.PostgresCluster;
import dev.pgproxy.testkit.process.Await;
import dev.pgproxy.testkit.proxy.ProxyProcess;
import dev.pgproxy.testkit.wire.WireClient;
import dev.pgproxy.testkit.wire.WireMessage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A cancel ends the query of the client that asked, and nothing else. */
class CancelSystemTest {

    /** Int32 length 8, Int32 80877103. */
    private static final byte[] SSL_REQUEST =
            ByteBuffer.allocate(8).putInt(8).putInt(80877103).array();

    private static final int SESSIONS = 1000;
    private static final int CANCELS = 1000;

    /** A session with its cancel key. */
    private static final class Session implements AutoCloseable {
        private final WireClient client;
        private final int pid;
        private final byte[] secret;
        private volatile boolean cancelAsked;

        private Session(ProxyProcess proxy) throws IOException {
            client = new WireClient(proxy.port());
            client.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
            WireMessage key = client.readUntil('Z').stream()
                    .filter(message -> message.type() == 'K')
                    .findFirst()
                    .orElseThrow();
            pid = ByteBuffer.wrap(key.body()).getInt();
            secret = Arrays.copyOfRange(key.body(), 4, key.body().length);
        }

        private void leave() throws IOException {
            client.send(FrontendMessage.terminate());
            client.close();
        }

        @Override
        public void close() throws IOException {
            client.close();
        }
    }

    /** Sends a CancelRequest and waits until the proxy closes the connection, which means that it is over. */
    private static void cancel(ProxyProcess proxy, int pid, byte[] secret) throws IOException {
        try (WireClient canceller = new WireClient(proxy.port())) {
            canceller.send(FrontendMessage.cancelRequest(pid, secret));
            assertEquals(-1, canceller.readByte());
        }
    }

    private static void awaitRunning(PostgresCluster cluster, int count) {
        Await.until(
                count + " queries to run",
                Fixture.SOON,
                () -> cluster.primary()
                        .sql("select count(*) from pg_stat_activity"
                                + " where query like 'select pg_sleep%' and state = 'active'")
                        .equals(Integer.toString(count)));
    }

    private static String lastError(List<WireMessage> answer) {
        return answer.stream()
                .filter(message -> message.type() == 'E')
                .map(WireMessage::sqlState)
                .findFirst()
                .orElse("");
    }

    @Test
    void cancelEndsTheQueryOfItsOwnSessionOnly() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster);
                Session one = new Session(proxy);
                Session other = new Session(proxy)) {
            one.client.send(FrontendMessage.query("select pg_sleep(60)"));
            other.client.send(FrontendMessage.query("select pg_sleep(1.5)"));
            awaitRunning(cluster, 2);
            byte[] wrong = one.secret.clone();
            wrong[0] ^= 1;
            cancel(proxy, one.pid, wrong);
            cancel(proxy, other.pid, one.secret);
            cancel(proxy, one.pid, one.secret);
            assertEquals("57014", lastError(one.client.readUntil('Z')));
            assertEquals("", lastError(other.client.readUntil('Z')));
            assertEquals("2", one.client.value("select 2"));
        }
    }

    @Test
    void formerClientCannotCancelTheNextOne() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "proxy_worker_num = 1")) {
            Session former = new Session(proxy);
            former.leave();
            Fixture.awaitIdle(cluster, Integer.toString(former.pid));
            try (Session next = new Session(proxy)) {
                assertEquals(former.pid, next.pid);
                next.client.send(FrontendMessage.query("select pg_sleep(1)"));
                awaitRunning(cluster, 1);
                cancel(proxy, former.pid, former.secret);
                assertEquals("", lastError(next.client.readUntil('Z')));
                next.client.send(FrontendMessage.query("select pg_sleep(60)"));
                awaitRunning(cluster, 1);
                cancel(proxy, next.pid, next.secret);
                assertEquals("57014", lastError(next.client.readUntil('Z')));
            }
        }
    }

    @Test
    void cancelMayFollowSslRequest() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster);
                Session session = new Session(proxy);
                WireClient canceller = new WireClient(proxy.port())) {
            session.client.send(FrontendMessage.query("select pg_sleep(60)"));
            awaitRunning(cluster, 1);
            canceller.send(SSL_REQUEST);
            assertEquals('N', canceller.readByte());
            canceller.send(FrontendMessage.cancelRequest(session.pid, session.secret));
            assertEquals("57014", lastError(session.client.readUntil('Z')));
        }
    }

    @Test
    void queryOfAVanishedClientIsCancelledAndItsBackendUsedAgain() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "proxy_worker_num = 1")) {
            Session vanishing = new Session(proxy);
            vanishing.client.query("begin");
            vanishing.client.send(FrontendMessage.query("select pg_sleep(600)"));
            awaitRunning(cluster, 1);
            vanishing.client.resetOnClose();
            vanishing.close();
            awaitRunning(cluster, 0);
            Fixture.awaitIdle(cluster, Integer.toString(vanishing.pid));
            try (Session next = new Session(proxy)) {
                assertEquals(vanishing.pid, next.pid);
                assertEquals("1", next.client.value("select 1"));
            }
        }
    }

    private static void await(PostgresCluster cluster, String what, String query, String expected) {
        Await.until(what, Fixture.SOON, () -> cluster.primary().sql(query).equals(expected));
    }

    private static String waitEvent(Session session) {
        return "select wait_event from pg_stat_activity where pid = " + session.pid;
    }

    /** On a direct connection the client would leave a row that is not visible before a standby has it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void commitOfAVanishedClientWaitsForItsStandbys(boolean terminates) throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(15));
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "server_reset_timeout = 1s")) {
            Session vanishing = new Session(proxy);
            Session reader = new Session(proxy);
            cluster.primary().sql("create table kept (i int)");
            cluster.primary().sql("alter system set synchronous_standby_names = 'nobody'");
            cluster.primary().sql("select pg_reload_conf()");
            await(cluster, "a standby to be needed", "show synchronous_standby_names", "nobody");
            cluster.primary()
                    .sql("checkpoint"); // The checkpointer makes commits wait, once it has received the new setting.
            vanishing.client.send(FrontendMessage.query("insert into kept values (1)"));
            await(cluster, "the commit to wait", waitEvent(vanishing), "SyncRep");
            reader.client.send(FrontendMessage.query("select pg_sleep(600)"));
            await(cluster, "the reader to sleep", waitEvent(reader), "PgSleep");
            if (terminates) {
                vanishing.client.send(FrontendMessage.terminate());
            }
            vanishing.close();
            reader.close();
            await(cluster, "the reader's query to be cancelled", waitEvent(reader), "ClientRead");
            Await.until(
                    "the proxy to give the connection up",
                    Fixture.SOON,
                    () -> proxy.log().split("event=cancel_withheld", -1).length > 2);
            assertEquals("SyncRep", cluster.primary().sql(waitEvent(vanishing)));
            assertEquals("0", cluster.primary().sql("select count(*) from kept"));
            cluster.primary().sql("alter system reset synchronous_standby_names");
            cluster.primary().sql("select pg_reload_conf()");
            await(cluster, "the commit", "select count(*) from kept", "1");
        }
    }

    @Test
    void indexOfAVanishedClientIsBuiltToTheEnd() throws Exception {
        try (PostgresCluster cluster = PostgresCluster.start(PostgresCluster.Options.of(18));
                ProxyProcess proxy = Fixture.proxy(cluster, "slaver_list =", "server_reset_timeout = 1s");
                WireClient writer = WireClient.login(cluster.primary().port(), "postgres", "postgres")) {
            Session vanishing = new Session(proxy);
            cluster.primary().sql("create table kept (i int)");
            writer.query("begin; insert into kept values (1)");
            vanishing.client.send(
                    FrontendMessage.query("/* migration */ create index concurrently kept_i on kept (i)"));
            await(cluster, "the index to wait", waitEvent(vanishing), "virtualxid");
            vanishing.close();
            Await.until(
                    "the proxy to look at it", Fixture.SOON, () -> proxy.log().contains("event=cancel_withheld"));
            writer.query("commit");
            await(cluster, "the index", "select indisvalid from pg_index where indexrelid = 'kept_i'::regclass", "t");
        }
    }

    /** What an Execute without Sync does is not visible from outside, so its backend is not used again; but it must not continue. */
    @Test
    void unfinishedSequenceOfAVanishedClientIsCancelledAndItsBackendClosed() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "proxy_worker_num = 1")) {
            Session vanishing = new Session(proxy);
            vanishing.client.send('P', WireClient.parse("select pg_sleep(600)"));
            vanishing.client.send('B', new byte[8]);
            vanishing.client.send('E', new byte[5]);
            vanishing.client.send('H', new byte[0]);
            awaitRunning(cluster, 1);
            vanishing.close();
            Fixture.awaitGone(cluster, Integer.toString(vanishing.pid));
        }
    }

    @Test
    void whoLeavesTheLineIsForgotten() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        try (ProxyProcess proxy = Fixture.proxy(cluster, "max_server_conn = 1");
                WireClient next = new WireClient(proxy.port())) {
            Session holder = new Session(proxy);
            for (int i = 0; i < 20; i++) {
                try (WireClient leaving = new WireClient(proxy.port())) {
                    leaving.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
                }
            }
            next.startup(WireClient.PROTOCOL_3_0, "postgres", "postgres");
            holder.leave();
            next.readUntil('Z');
            assertEquals("1", next.value("select 1"));
        }
    }

    /**
     * Ten backends that change their clients all the time, and cancels for random sessions, most of which are over when theirs arrives. No
     * query may be cancelled without a request.
     */
    @Test
    void aThousandCancelsHitNobodyElse() throws Exception {
        PostgresCluster cluster = Fixture.cluster(18);
        long seed = Long.getLong("cancel.seed", System.nanoTime());
        Random random = new Random(seed);
        List<Session> known = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger cancelled = new AtomicInteger();
        try (ProxyProcess proxy = Fixture.proxy(cluster, "max_server_conn = 10")) {
            List<Boolean> work = new ArrayList<>(Collections.nCopies(SESSIONS, true));
            work.addAll(Collections.nCopies(CANCELS, false));
            Collections.shuffle(work, random);
            Parallel.run(work, isSession -> {
                if (isSession) {
                    cancelled.addAndGet(use(proxy, known, seed) ? 1 : 0);
                } else if (!known.isEmpty()) {
                    Session target;
                    synchronized (known) {
                        // The last ones are likely to be alive, the others likely to be over.
                        int back = random.nextInt(random.nextBoolean() ? Math.min(12, known.size()) : known.size());
                        target = known.get(known.size() - 1 - back);
                    }
                    target.cancelAsked = true;
                    cancel(proxy, target.pid, target.secret);
                }
            });
            assertTrue(cancelled.get() > 10, "seed=" + seed + ": only " + cancelled + " cancels hit");
        }
    }

    private static boolean use(ProxyProcess proxy, List<Session> known, long seed) throws IOException {
        try (Session session = new Session(proxy)) {
            known.add(session);
            boolean wasCancelled = false;
            for (int i = 0; i < 3; i++) {
                String error = lastError(session.client.query("select pg_sleep(0.01)"));
                assertTrue(
                        error.isEmpty() || (error.equals("57014") && session.cancelAsked),
                        "seed=" + seed + ": " + error + " for a session that nobody cancelled");
                wasCancelled |= !error.isEmpty();
            }
            session.leave();
            return wasCancelled;
        }
    }
}
