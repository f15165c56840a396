package dev.pgproxy.benchmarks;

import dev.pgproxy.benchmarks.peer.PeerKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The conditions of a run. */
final class Facts {

    /** The name of the fact that says how long and how much was measured. */
    static final String EXTENT = "extent";

    private static final String DATABASE_SERVER = "PostgreSQL 18, embedded";

    private Facts() {}

    /** @param arguments of the command */
    static Map<String, String> of(List<PeerKind> kinds, Bench.Extent extent, List<String> arguments)
            throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("machine", processor() + ", " + Runtime.getRuntime().availableProcessors() + " cores, " + memory());
        facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("server", DATABASE_SERVER);
        facts.put("Java", System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"));
        facts.put("peers", versions(kinds));
        facts.put(
                EXTENT,
                extent.rounds() + " rounds, " + extent.seconds() + " s for each load, COPY of " + extent.megabytes()
                        + " MB, " + extent.logins() + " logins, " + extent.idleClients() + " idle clients, "
                        + extent.idleSeconds() + " s without clients" + (extent.warmsUp() ? "" : ", cold"));
        facts.put("command", ("scripts/bench " + String.join(" ", arguments)).strip());
        return facts;
    }

    private static String processor() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse(System.getProperty("os.arch"));
    }

    private static String memory() throws IOException {
        return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                .filter(line -> line.startsWith("MemTotal:"))
                .map(line -> Long.parseLong(line.replaceAll("\\D", "")) / (1024 * 1024) + " GiB")
                .findFirst()
                .orElse("");
    }

    private static String versions(List<PeerKind> kinds) {
        Set<String> versions = new LinkedHashSet<>(); // Of a program once, however many ways it is reached.
        for (PeerKind kind : kinds) {
            String version = kind.version();
            if (!version.isEmpty()) {
                versions.add(kind.title().replaceFirst(",.*", "") + " " + version);
            }
        }
        return String.join(", ", versions);
    }
}
