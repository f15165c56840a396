package dev.pgproxy.adminworker.session;

import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.peer.LocalPeer;
import dev.pgproxy.common.peer.PeerGroup;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Slows down an address that sends too many wrong passwords: its further logins are answered late, and only a few at a time. The right
 * password still gets in; otherwise a forgotten script with an old password could lock out every operator on its host.
 */
public final class LoginGuard {

    /** Wrong passwords from one address within the window. */
    static final int MAX_FAILURES = 10;

    static final long WINDOW_NS = 60_000_000_000L;

    /** How long a login then waits for its first answer. */
    static final long DELAY_MS = 2_000;

    /** Logins of one address that may be delayed at once. */
    static final int MAX_DELAYED = 5;

    /** Addresses to remember; beyond this, the one that failed first is forgotten. */
    private static final int MAX_ADDRESSES = 10_000;

    /** Wrong passwords from this host, or from all others, within the window; from then on every login from there is delayed. */
    static final int MAX_FAILURES_IN_ALL = 200;

    /** Logins that this may delay at once, of this host and of all others each. */
    static final int MAX_DELAYED_IN_ALL = 50;

    private static final class Failures {
        private long sinceNs;
        private int count;
        private int delayed;

        private boolean areMany(int most, long nowNs) {
            return count >= most && (nowNs - sinceNs < WINDOW_NS || delayed > 0);
        }

        private void add(long nowNs) {
            if (count == 0 || nowNs - sinceNs >= WINDOW_NS) {
                sinceNs = nowNs;
                count = 0;
            }
            count++;
        }
    }

    /** The delay of a login's first answer. */
    public static final class Delay {

        private final Failures counted;
        private boolean ended;

        private Delay(Failures counted) {
            this.counted = counted;
            counted.delayed++;
        }

        /** The login continues, or is over. */
        public void end() {
            if (!ended) {
                ended = true;
                counted.delayed--;
            }
        }
    }

    /** Whether and how a login must wait. */
    public sealed interface Verdict {
        record GoOn() implements Verdict {}

        record Wait(Delay delay) implements Verdict {}

        /** Too many wait already. */
        record Refuse() implements Verdict {}
    }

    private final EventThrottle refusals = new EventThrottle();
    private final Failures everywhere = new Failures();
    private final Failures here = new Failures();
    private final Map<String, Failures> byAddress = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Failures> eldest) {
            return size() > MAX_ADDRESSES;
        }
    };

    /** Throttles the log lines about wrong passwords. */
    EventThrottle refusals() {
        return refusals;
    }

    /** @param address the login's origin, in {@link LocalPeer}'s terms */
    public Verdict judge(String address, long nowNs) {
        Failures failures = byAddress.get(address);
        if (failures != null && failures.areMany(MAX_FAILURES, nowNs)) {
            return waiting(failures, MAX_DELAYED);
        }
        // Guessing from many addresses, or as many users, must not get around it. Root on this host need not guess.
        Failures all = together(address);
        if (!address.equals(LocalPeer.ROOT) && all.areMany(MAX_FAILURES_IN_ALL, nowNs)) {
            return waiting(all, MAX_DELAYED_IN_ALL);
        }
        return new Verdict.GoOn();
    }

    private static Verdict waiting(Failures failures, int most) {
        return failures.delayed >= most ? new Verdict.Refuse() : new Verdict.Wait(new Delay(failures));
    }

    /** A wrong password came from this address. */
    public void failed(String address, long nowNs) {
        Failures failures = byAddress.computeIfAbsent(address, key -> new Failures());
        failures.add(nowNs);
        if (failures.count == MAX_FAILURES) {
            slowedDown(address, failures);
        }
        Failures all = together(address);
        all.add(nowNs);
        if (all.count == MAX_FAILURES_IN_ALL) {
            slowedDown(all == here ? "everybody on this host" : "everywhere", all);
        }
    }

    /** The failures of this host, the operators' way in, or those of all others. */
    private Failures together(String address) {
        return PeerGroup.isOfThisHost(address) ? here : everywhere;
    }

    private static void slowedDown(String address, Failures failures) {
        Event.of("address_slowed_down")
                .with("address", address)
                .with("failures", failures.count)
                .message("too many wrong passwords for pg_proxy came from there; its logins are delayed for a while")
                .hint("Find out who tries to log in from there.")
                .warn();
    }
}
