package dev.pgproxy.master.admin;

import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.ServerHealth;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.master.supervisor.Recipient;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the servers are, for an operator who asks: the task-worker looks at them when what is known is no longer fresh. Nothing is looked
 * at while nobody asks.
 */
final class ServerWatch {

    /** A look that is so recent is as good as a new one. */
    private static final long FRESH_NS = 2_000_000_000L;

    /** Bound on one look. */
    static final long LOOK_TIMEOUT_MS = 1_000;

    /** What was last seen, and when. */
    record Look(ServerHealth health, long atNs) {}

    private final EventLoop loop;
    private final Map<ServerAddress, Look> known = new HashMap<>();
    private final Map<Long, ServerAddress> underWay = new HashMap<>();
    private @Nullable Recipient taskWorker;
    private long nextId = 1;

    ServerWatch(EventLoop loop) {
        this.loop = loop;
    }

    void taskWorkerReady(Recipient worker) {
        taskWorker = worker;
        underWay.clear();
    }

    void taskWorkerGone() {
        taskWorker = null;
        underWay.clear();
    }

    /** Has those looked at that were not for a while; forgets those that are not named any more. */
    void look(Collection<ServerAddress> servers) {
        known.keySet().retainAll(servers);
        Recipient looker = taskWorker;
        if (looker == null) {
            return;
        }
        long nowNs = loop.clock().nanoTime();
        for (ServerAddress server : servers) {
            Look last = known.get(server);
            boolean fresh = last != null && nowNs - last.atNs() < FRESH_NS;
            if (!fresh && !underWay.containsValue(server)) {
                long id = nextId++;
                underWay.put(id, server);
                loop.scheduler().afterMs(2 * LOOK_TIMEOUT_MS, () -> underWay.remove(id));
                looker.send(new ControlMessage.LookAtServer(id, server, LOOK_TIMEOUT_MS));
            }
        }
    }

    /** Whether a look has not ended yet. */
    boolean isLooking() {
        return !underWay.isEmpty();
    }

    void onLookedAt(ControlMessage.ServerLookedAt message) {
        ServerAddress server = underWay.remove(message.lookId());
        if (server != null) {
            known.put(server, new Look(message.health(), loop.clock().nanoTime()));
        }
    }

    @Nullable
    Look of(ServerAddress server) {
        return known.get(server);
    }
}
