package dev.pgproxy.poolworker;

import dev.pgproxy.common.net.Endpoint;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * When a command last needed each database to itself. Every such report makes all workers search their idle
 * backends, which is not free.
 */
final class WantedDatabases {

    /** Less than the interval at which a waiting command repeats its report. */
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

    /** Whether it is time to search again; if so, the pause starts now. */
    boolean isDue(Endpoint server, String name, long nowNs) {
        Database database = new Database(server, name);
        Long last = lastNs.get(database);
        if (last != null && nowNs - last < PAUSE_NS) {
            return false;
        }
        lastNs.remove(database); // Makes it the newest.
        lastNs.put(database, nowNs);
        return true;
    }
}
