package dev.pgproxy.adminworker.session;

import dev.pgproxy.common.log.Event;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Slows down an address that brings too many wrong passwords: its further logins are answered late, and only a few at a time. The right
 * password still gets in, or a forgotten script with an old one could keep every operator of its host out.
 */
public final class LoginGuard {

    /** Wrong passwords of one address within the window. */
    static final int MAX_FAILURES = 10;

    static final long WINDOW_NS = 60_000_000_000L;

    /** How late a login is answered then. */
    static final long DELAY_MS = 2_000;

    /** Logins of one address that may wait so at once. */
    static final int MAX_DELAYED = 5;

    /** Addresses that are remembered; above it the one that failed first is forgotten. */
    private static final int MAX_ADDRESSES = 10_000;

    private static final class Failures {
        private long sinceNs;
        private int count;
        private int delayed;
    }

    private final Map<String, Failures> byAddress = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Failures> eldest) {
            return size() > MAX_ADDRESSES;
        }
    };

    /** How long a login from there is to wait for its first answer; negative when too many do already. */
    public long delayMs(String address, long nowNs) {
        Failures failures = byAddress.get(address);
        if (failures == null || failures.count < MAX_FAILURES) {
            return 0;
        }
        if (nowNs - failures.sinceNs >= WINDOW_NS && failures.delayed == 0) {
            byAddress.remove(address);
            return 0;
        }
        if (failures.delayed >= MAX_DELAYED) {
            return -1;
        }
        failures.delayed++;
        return DELAY_MS;
    }

    /** A login that had to wait goes on, or is over. */
    public void delayEnded(String address) {
        Failures failures = byAddress.get(address);
        if (failures != null && failures.delayed > 0) {
            failures.delayed--;
        }
    }

    /** A wrong password came from there. */
    public void failed(String address, long nowNs) {
        Failures failures = byAddress.computeIfAbsent(address, key -> new Failures());
        if (failures.count == 0 || nowNs - failures.sinceNs >= WINDOW_NS) {
            failures.sinceNs = nowNs;
            failures.count = 0;
        }
        failures.count++;
        if (failures.count == MAX_FAILURES) {
            Event.of("address_slowed_down")
                    .with("address", address)
                    .with("failures", failures.count)
                    .message(
                            "too many wrong passwords for pg_proxy came from there; its logins are answered late for a while")
                    .hint("Find out who tries there.")
                    .warn();
        }
    }
}
