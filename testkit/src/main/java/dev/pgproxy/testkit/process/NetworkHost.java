package dev.pgproxy.testkit.process;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A separate host, made of a network namespace and a cable (veth) to this one, which can vanish without notice: no
 * FIN, no RST, no ICMP. Needs root and iproute2. Removed on close.
 */
public final class NetworkHost implements AutoCloseable {

    private static final int FIRST_NETWORK = 16;
    private static final int NETWORKS = 200;
    private static final AtomicInteger CREATED = new AtomicInteger();

    private final String name;
    private final String cable;
    private final String far;
    private final String near;

    private NetworkHost(String name, String cable, int network) {
        this.name = name;
        this.cable = cable;
        this.near = "10.199." + network + ".1";
        this.far = "10.199." + network + ".2";
    }

    /** Creates the host. @throws IOException with the reason where that is not permitted or not possible */
    public static NetworkHost create() throws IOException {
        long number = ProcessHandle.current().pid() + CREATED.getAndIncrement();
        int network = FIRST_NETWORK + (int) (number % NETWORKS);
        NetworkHost host = new NetworkHost("pgproxy-test-" + number, "pgpt" + number, network);
        run(List.of("ip", "netns", "add", host.name));
        try {
            String inner = host.cable + "i";
            run(List.of("ip", "link", "add", host.cable, "type", "veth", "peer", "name", inner, "netns", host.name));
            run(List.of("ip", "addr", "add", host.near + "/30", "dev", host.cable));
            run(List.of("ip", "link", "set", host.cable, "up"));
            host.runInside("ip", "addr", "add", host.far + "/30", "dev", inner);
            host.runInside("ip", "link", "set", inner, "up");
            host.runInside("ip", "link", "set", "lo", "up");
            return host;
        } catch (IOException e) {
            host.close();
            throw e;
        }
    }

    /** The host's address. */
    public String address() {
        return far;
    }

    /** This host's address as seen from there. */
    public String nearAddress() {
        return near;
    }

    /** The prefix of a command that runs it on that host. */
    public List<String> prefix() {
        return List.of("ip", "netns", "exec", name);
    }

    private void runInside(String... command) throws IOException {
        List<String> all = new ArrayList<>(prefix());
        all.addAll(List.of(command));
        run(all);
    }

    /** From here on, nothing answers for the host's address. */
    public void vanish() throws IOException {
        runInside("ip", "addr", "flush", "dev", cable + "i");
    }

    private static void run(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + output.strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted in " + command, e);
        }
    }

    @Override
    public void close() {
        try {
            // Connections left open keep a namespace, and so its end of the cable, for minutes.
            if (Files.exists(Path.of("/sys/class/net", cable))) {
                run(List.of("ip", "link", "del", cable));
            }
            run(List.of("ip", "netns", "del", name));
        } catch (IOException e) {
            throw new IllegalStateException("a network namespace was left behind", e);
        }
    }
}
