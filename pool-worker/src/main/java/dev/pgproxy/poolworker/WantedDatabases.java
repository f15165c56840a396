package dev.pgproxy.poolworker;

import dev.pgproxy.common.net.Endpoint;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** When a command last needed each database to itself: every worker looks for its idle backends then, which is not for free. */
final class WantedDatabases {

    /** Below the pause after which a command that waits says so again. */
    private static final long PAUSE_NS = TimeUnit.MILLISECONDS.toNanos(900);

    private static final int MAX_DATABASES = 1_000;

    private record Database(Endpoint server, String name) {}

    private final Map<Database, Long> lastNs = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Database, Long> eldest) {
            return size() > MAX_DATABASES;
        }
    };

    /** Whether it is time to look again; counts from here. */
    boolean isDue(Endpoint server, String name, long nowNs) {
        Database database = new Database(server, name);
        Long last = lastNs.get(database);
        if (last != null && nowNs - last < PAUSE_NS) {
            return false;
        }
        lastNs.remove(database); // It is the newest then.
        lastNs.put(database, nowNs);
        return true;
    }
}
