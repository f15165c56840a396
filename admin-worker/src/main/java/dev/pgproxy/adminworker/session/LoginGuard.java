package dev.pgproxy.adminworker.session;

import dev.pgproxy.common.log.Event;
import java.util.LinkedHashMap;
import java.util.Map;

/** Counts wrong passwords by address, and shuts an address out for a while that brings too many. */
public final class LoginGuard {

    /** Wrong passwords of one address within the window. */
    static final int MAX_FAILURES = 10;

    static final long WINDOW_NS = 60_000_000_000L;

    /** Addresses that are remembered; above it the one that failed first is forgotten. */
    private static final int MAX_ADDRESSES = 10_000;

    private static final class Failures {
        private long sinceNs;
        private int count;
    }

    private final Map<String, Failures> byAddress = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Failures> eldest) {
            return size() > MAX_ADDRESSES;
        }
    };

    /** Whether the address may try. */
    public boolean mayTry(String address, long nowNs) {
        Failures failures = byAddress.get(address);
        if (failures != null && nowNs - failures.sinceNs >= WINDOW_NS) {
            byAddress.remove(address);
            return true;
        }
        return failures == null || failures.count < MAX_FAILURES;
    }

    /** A wrong password came from there. */
    public void failed(String address, long nowNs) {
        Failures failures = byAddress.computeIfAbsent(address, key -> new Failures());
        if (failures.count == 0) {
            failures.sinceNs = nowNs;
        }
        failures.count++;
        if (failures.count == MAX_FAILURES) {
            Event.of("address_shut_out")
                    .with("address", address)
                    .with("failures", failures.count)
                    .message("too many wrong passwords for pg_proxy came from there; it may try again in a minute")
                    .hint("Find out who tries there.")
                    .warn();
        }
    }
}
