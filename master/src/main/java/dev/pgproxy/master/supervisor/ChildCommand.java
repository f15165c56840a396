package dev.pgproxy.master.supervisor;

import dev.pgproxy.common.child.ChildOptions;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ChildKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The command line of a child: this JVM's own java, class path and native libraries, and a small heap. */
public final class ChildCommand {

    private static final String TEST_ALERT_MAIN = "dev.pgproxy.taskworker.TestAlertMain";

    private static final String POOL_MAIN = "dev.pgproxy.poolworker.PoolWorkerMain";
    private static final String TASK_MAIN = "dev.pgproxy.taskworker.TaskWorkerMain";
    private static final String ADMIN_MAIN = "dev.pgproxy.adminworker.AdminWorkerMain";

    /** Native libraries unpacked beside the jars are used from there; see bin/pgproxy-master. */
    private static final List<String> INHERITED_PROPERTIES =
            List.of("jna.boot.library.path", "jna.nounpack", "org.newsclub.net.unix.library.override");

    private static final int DIRECT_BASE_MIB = 64;
    private static final int TASK_HEAP_MIB = 64;
    private static final int ADMIN_HEAP_MIB = 256;
    private static final int MIN_POOL_HEAP_MIB = 256;
    private static final int POOL_BASE_MIB = 64;
    /** Heap for one session and its backend, with a startup packet of the usual length. */
    private static final int SESSION_BYTES = 12 * 1024;

    /** The option that gives unused memory back to the system, if this Java knows it; from the launcher. */
    private static final String TRIM = "pgproxy.trim";

    /** The file with the archive of classes, if there is one that fits; from the launcher. */
    private static final String ARCHIVE = "pgproxy.archive";

    private static final int MIB = 1024 * 1024;
    private static final int FIRST_WITH_NATIVE_ACCESS_WARNINGS = 24;

    private ChildCommand() {}

    /** The command that sends one alert as configured, and exits. */
    public static List<String> testAlert(Path configFile) {
        return List.of(java(), "-cp", classPath(), TEST_ALERT_MAIN, configFile.toString());
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static String classPath() {
        return System.getProperty("java.class.path", "");
    }

    static List<String> of(ChildKind kind, int slot, ProxyConfig config) {
        List<String> command = new ArrayList<>();
        command.add(java());
        command.addAll(jvmOptions(kind, config));
        for (String property : INHERITED_PROPERTIES) {
            String value = System.getProperty(property);
            if (value != null) {
                command.add("-D" + property + "=" + value);
            }
        }
        command.addAll(List.of("-cp", classPath()));
        command.add(
                switch (kind) {
                    case POOL -> POOL_MAIN;
                    case TASK -> TASK_MAIN;
                    case ADMIN -> ADMIN_MAIN;
                });
        command.addAll(new ChildOptions(
                        config.files().controlSocket(),
                        slot,
                        config.logging().level(),
                        config.logging().file())
                .commandLine());
        return command;
    }

    /** The maximum heap of all children together, in bytes. */
    public static long heapBytes(ProxyConfig config) {
        long mib = heapMib(ChildKind.TASK, config)
                + heapMib(ChildKind.ADMIN, config)
                + (long) config.workers() * heapMib(ChildKind.POOL, config);
        return mib * MIB;
    }

    /** A maximum, not what is used. A pool-worker may have to serve all clients when the others are gone. */
    private static long heapMib(ChildKind kind, ProxyConfig config) {
        return switch (kind) {
            case TASK -> TASK_HEAP_MIB;
            case ADMIN -> ADMIN_HEAP_MIB;
            case POOL ->
                Math.max(
                        MIN_POOL_HEAP_MIB,
                        POOL_BASE_MIB + (long) config.limits().clientConnections() * SESSION_BYTES / MIB);
        };
    }

    private static List<String> jvmOptions(ChildKind kind, ProxyConfig config) {
        List<String> options = new ArrayList<>(List.of(
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                // The JVM's own threads: by default one of them wakes four times a second, another one once.
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:AsyncDeflationInterval=10000",
                "-XX:GuaranteedSafepointInterval=60000",
                "-Djdk.serialFilter=!*", // Nothing here deserializes objects; the database of pg_proxy could.
                "-Xms16m",
                "-Xmx" + heapMib(kind, config) + "m"));
        // Kinds other than POOL have threads whose work a stranger can make large. Running out of memory there fails
        // that task only; on the loop's thread it ends the process as well.
        options.addAll(
                switch (kind) {
                    case POOL -> List.of("-Xmn3m", "-XX:CompileThresholdScaling=2", "-XX:+ExitOnOutOfMemoryError");
                    case TASK -> List.of("-Xmn2m", "-XX:TieredStopAtLevel=1", "-XX:CompileThresholdScaling=5");
                    case ADMIN -> List.of("-XX:TieredStopAtLevel=1");
                });
        Optional.ofNullable(System.getProperty(TRIM)).ifPresent(options::add);
        options.addAll(sharedClasses());
        if (Runtime.version().feature() >= FIRST_WITH_NATIVE_ACCESS_WARNINGS) {
            options.add("--enable-native-access=ALL-UNNAMED");
            options.add("--sun-misc-unsafe-memory-access=allow");
        }
        if (kind == ChildKind.POOL) {
            // Each client may hold one leftover buffer in each direction. This is a maximum, not what is used.
            long perClient = 2L * (config.receiveBytes() + 32 * 1024);
            long mib = DIRECT_BASE_MIB + perClient * config.limits().clientConnections() / MIB;
            options.add("-XX:MaxDirectMemorySize=" + mib + "m");
        }
        options.addAll(operatorsOptions(kind));
        return options;
    }

    private static List<String> sharedClasses() {
        String archive = System.getProperty(ARCHIVE);
        return archive == null
                ? List.of()
                : List.of(
                        "-XX:SharedArchiveFile=" + archive,
                        "-XX:ArchiveRelocationMode=0", // Where it was moved, each process would have its own copy.
                        "-Xlog:cds=off");
    }

    /** The operator's options come last, so that they override the others. */
    private static List<String> operatorsOptions(ChildKind kind) {
        String wanted = System.getenv("PGPROXY_" + kind.name() + "_OPTS");
        return wanted == null || wanted.isBlank()
                ? List.of()
                : List.of(wanted.trim().split("\\s+"));
    }
}
