package dev.pgproxy.master.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ConfigEntry;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.config.Setting;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.common.view.Column;
import dev.pgproxy.common.view.RowReader;
import dev.pgproxy.common.view.View;
import dev.pgproxy.master.routing.WaitingClient;
import dev.pgproxy.testkit.config.TestConfig;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MasterReportTest {

    private static final int PID = 77;
    private static final Endpoint DB = new Endpoint.Tcp("db", 5432);
    private static final long NOW_NS = TimeUnit.SECONDS.toNanos(100);
    private static final long NOW_MICROS = TimeUnit.SECONDS.toMicros(1_000);
    private static final StartupPacket.Startup STARTUP = new StartupPacket.Startup(
            3 << 16,
            new StartupParameters(List.of(
                    new StartupParameters.Parameter("user", "ann"),
                    new StartupParameters.Parameter("database", "shop"),
                    new StartupParameters.Parameter("application_name", "till"))));

    private final MasterReport report = new MasterReport(new MasterReport.Self(PID, 0, 0, 2), NOW_NS, NOW_MICROS);

    private static WaitingClient client(long id) {
        return new WaitingClient(
                id,
                new Peer.Tcp("10.0.0.1", 40_000),
                STARTUP.parameters(),
                PoolKey.of(DB, STARTUP, List.of()),
                WaitingClient.WAITING,
                NOW_NS - TimeUnit.SECONDS.toNanos(3),
                "limit.user.ann = 1");
    }

    /** The rows of this table, by the names of its columns. */
    private List<Map<String, @Nullable Object>> rows(View view) {
        List<Map<String, @Nullable Object>> rows = new ArrayList<>();
        for (byte[] chunk : report.chunks()) {
            RowReader in = new RowReader(chunk);
            if (in.view() == view) {
                for (@Nullable Object[] row = in.next(); row != null; row = in.next()) {
                    Map<String, @Nullable Object> named = new HashMap<>();
                    for (int i = 0; i < row.length; i++) {
                        Column column = view.columns().get(i);
                        named.put(column.name(), row[i]);
                    }
                    rows.add(named);
                }
            }
        }
        return rows;
    }

    @Test
    void aClientThatWaitsIsAConnectionOfTheMaster() {
        report.clients(EnumSet.of(View.CONNECTION), List.of(client(5)));
        assertEquals(1, rows(View.CONNECTION).size());
        Map<String, @Nullable Object> row = rows(View.CONNECTION).get(0);
        assertEquals(PID, row.get("pid"));
        assertEquals("ann", row.get("user"));
        assertEquals("shop", row.get("database"));
        assertEquals("waiting", row.get("state"));
        assertEquals(3.0, row.get("state_seconds"));
        assertEquals("db:5432", row.get("server"));
        assertEquals("till", row.get("application_name"));
        assertEquals("limit.user.ann = 1", row.get("wait_for"));
        assertNull(row.get("backend_pid"));
        assertEquals(List.of(), rows(View.STARTUPMSG), "it was not asked for");
    }

    @Test
    void itsStartupPacketIsShownAsItWasSent() {
        report.clients(EnumSet.of(View.STARTUPMSG), List.of(client(5), client(6)));
        assertEquals(2, rows(View.STARTUPMSG).size());
        assertTrue(String.valueOf(rows(View.STARTUPMSG).get(0).get("msg")).contains("application_name=till"));
    }

    @Test
    void theMasterIsAProcess() {
        report.processes(List.of());
        Map<String, @Nullable Object> row = rows(View.PROCESS).get(0);
        assertEquals("master", row.get("kind"));
        assertNull(row.get("slot"));
        assertEquals(100.0, row.get("uptime_seconds"));
        assertEquals(2L, row.get("contained_faults"));
    }

    @Test
    void aPasswordIsMaskedAndAKeyWithoutALineHasNone() {
        report.config(List.of(
                new ConfigEntry("conninfo.password", "hush", "", 7, Setting.Effect.RELOAD, true),
                new ConfigEntry("listen", "*:6432", "*:6432", 0, Setting.Effect.RESTART, false)));
        Map<String, @Nullable Object> password = rows(View.CONFIG).get(0);
        assertEquals(7, password.get("source_line"));
        assertEquals(true, password.get("reloadable"));
        assertFalse(rows(View.CONFIG).toString().contains("hush"));
        Map<String, @Nullable Object> listen = rows(View.CONFIG).get(1);
        assertNull(listen.get("source_line"));
        assertEquals(false, listen.get("reloadable"));
        assertEquals("*:6432", listen.get("default_value"));
    }

    @Test
    void eachFigureIsARowOfTheMaster() {
        Counters counters = new Counters();
        counters.counter("things", "things that were seen").increment();
        report.counters(counters);
        assertEquals(PID, rows(View.COUNTER).get(0).get("pid"));
        assertEquals(1L, rows(View.COUNTER).get(0).get("value"));
    }

    @Test
    void aServerIsNamedOnceWhateverItsRoles() {
        ProxyConfig config = TestConfig.of(
                "master = db:5432",
                "promote = standby:5432",
                "slaver_list = standby:5432, other:5432",
                "conninfo.user = postgres");
        assertEquals(
                List.of("db:5432", "standby:5432", "other:5432"),
                MasterReport.servers(config).stream().map(Endpoint::toString).toList());
    }
}
