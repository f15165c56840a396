package dev.pgproxy.master.supervisor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.testkit.config.TestConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChildCommandTest {

    private static final long MIB = 1024 * 1024;

    private static ProxyConfig config(String... lines) {
        return TestConfig.of(
                "master = db:5432\nconninfo.user = postgres\nproxy_worker_num = 3", String.join("\n", lines));
    }

    private static String option(List<String> command, String start) {
        return command.stream()
                .filter(word -> word.startsWith(start))
                .findFirst()
                .orElse("");
    }

    @Test
    void aPoolWorkersMemoryFollowsFromTheClientsItMayHaveToServe() {
        List<String> few = ChildCommand.of(ChildKind.POOL, 1, config("max_client_conn = 100"));
        List<String> many = ChildCommand.of(ChildKind.POOL, 1, config("max_client_conn = 100000"));
        assertEquals("-Xmx256m", option(few, "-Xmx"));
        assertEquals("-Xmx1235m", option(many, "-Xmx"));
        assertEquals("-XX:MaxDirectMemorySize=82m", option(few, "-XX:MaxDirectMemorySize"));
    }

    @Test
    void onlyAPoolWorkerEndsWhenItsMemoryIsUsedUp() {
        String ends = "-XX:+ExitOnOutOfMemoryError";
        assertTrue(ChildCommand.of(ChildKind.POOL, 1, config()).contains(ends));
        assertFalse(ChildCommand.of(ChildKind.TASK, 1, config()).contains(ends));
        assertFalse(ChildCommand.of(ChildKind.ADMIN, 1, config()).contains(ends));
    }

    @Test
    void allHeapsTogetherAreThoseOfTheCommands() {
        assertEquals((64 + 256 + 3 * 256) * MIB, ChildCommand.heapBytes(config("max_client_conn = 100")));
    }

    /** Java refuses to start with an option of the other kind before it. */
    @Test
    void optionsForDiagnosisFollowTheirLicence() {
        for (ChildKind kind : ChildKind.values()) {
            List<String> command = ChildCommand.of(kind, 1, config());
            int unlocked = command.indexOf("-XX:+UnlockDiagnosticVMOptions");
            assertTrue(unlocked >= 0, command::toString);
            assertTrue(command.indexOf("-XX:AsyncDeflationInterval=10000") > unlocked, command::toString);
            assertTrue(command.indexOf("-XX:GuaranteedSafepointInterval=60000") > unlocked, command::toString);
        }
    }

    @Test
    void whatTheLauncherFoundIsPassedOn() {
        String none = String.join(" ", ChildCommand.of(ChildKind.POOL, 1, config()));
        assertFalse(none.contains("SharedArchiveFile") || none.contains("Trim"), none);
        System.setProperty("pgproxy.archive", "/lib/a b.jsa");
        System.setProperty("pgproxy.trim", "-XX:TrimNativeHeapInterval=10000");
        try {
            List<String> command = ChildCommand.of(ChildKind.TASK, 1, config());
            assertTrue(command.contains("-XX:SharedArchiveFile=/lib/a b.jsa"), command::toString);
            assertTrue(command.contains("-XX:ArchiveRelocationMode=0"), command::toString);
            assertTrue(command.contains("-XX:TrimNativeHeapInterval=10000"), command::toString);
        } finally {
            System.clearProperty("pgproxy.archive");
            System.clearProperty("pgproxy.trim");
        }
    }

    /** Everybody on the host can see it. */
    @Test
    void noPasswordIsOnACommandLine() {
        for (ChildKind kind : ChildKind.values()) {
            String command = String.join(
                    " ", ChildCommand.of(kind, 1, config("conninfo.pw = pw-7f3a9", "pg_proxy_pw = pw-7f3a9")));
            assertFalse(command.contains("pw-7f3a9"), command);
        }
    }
}
