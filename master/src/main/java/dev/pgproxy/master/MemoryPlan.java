package dev.pgproxy.master;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.master.accept.ClientWeight;
import dev.pgproxy.master.supervisor.ChildCommand;
import java.util.ArrayList;
import java.util.List;

/** Whether the memory of this host suffices for the limits of the configuration: a pure function of both. */
final class MemoryPlan {

    /** One part in this many of the master's heap is for clients' startup data; the rest is for everything else and the collector. */
    private static final int CLIENTS_DIVISOR = 3;
    /** Drivers' startup packets have 80 to 250 bytes. */
    private static final int USUAL_PACKET_BYTES = 200;

    private static final long MIB = 1024 * 1024;

    private MemoryPlan() {}

    /** Memory for the startup data of all clients, in bytes. */
    static long clientBytes(long masterHeapBytes) {
        return masterHeapBytes / CLIENTS_DIVISOR;
    }

    /**
     * Describes which limits exceed the memory.
     *
     * @param masterHeapBytes the maximum heap of this process
     * @param hostBytes memory of this host, or of this process's cgroup
     */
    static List<String> problems(ProxyConfig config, long masterHeapBytes, long hostBytes) {
        List<String> problems = new ArrayList<>();
        int clients = config.limits().clientConnections();
        long wanted = (long) clients * ClientWeight.of(USUAL_PACKET_BYTES);
        if (wanted > clientBytes(masterHeapBytes)) {
            long heapMib = CLIENTS_DIVISOR * wanted / MIB + 1;
            problems.add("max_client_conn = " + clients + " needs a heap of " + heapMib
                    + " MiB in the master, which has "
                    + masterHeapBytes / MIB + " MiB, so fewer clients will be served"
                    + "\n    HINT: Start it with PGPROXY_MASTER_OPTS=-Xmx" + heapMib + "m, or lower max_client_conn.");
        }
        long heapsBytes = masterHeapBytes + ChildCommand.heapBytes(config);
        if (heapsBytes > hostBytes) {
            problems.add(
                    "the heaps of all processes may grow to " + heapsBytes / MIB + " MiB together, and this host has "
                            + hostBytes / MIB + " MiB"
                            + "\n    HINT: Lower proxy_worker_num or max_client_conn.");
        }
        return problems;
    }
}
