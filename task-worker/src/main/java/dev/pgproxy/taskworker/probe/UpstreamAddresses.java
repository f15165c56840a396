package dev.pgproxy.taskworker.probe;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Resolves the hosts of a standby's primary_conninfo by this host's resolver, since the configuration may name the same servers
 * differently. They are resolved again when the standby names others, and periodically.
 */
final class UpstreamAddresses {

    /** Addresses of all hosts together that are remembered. */
    private static final int MAX_ADDRESSES = 16;

    private static final int DEFAULT_PORT = 5432;

    /** Names may move to other addresses. */
    private static final long AGAIN_NS = TimeUnit.SECONDS.toNanos(60);

    private final LongSupplier clock;
    private long askedNs;
    /** Written by the thread that looks them up. */
    private volatile Found found = new Found(List.of(), List.of());

    private @Nullable Thread lookingUp;

    /** @param clock nanoseconds, as System.nanoTime */
    UpstreamAddresses(LongSupplier clock) {
        this.clock = clock;
    }

    /**
     * The addresses of these hosts, as {@code ip:port}, as far as they are known by now: a resolver may be slow, and this does not wait
     * for it.
     *
     * @param hosts separated by commas, as in libpq
     * @param ports separated by commas; one for all hosts, or one for each
     * @param fromLoopback whether the standby is on this host, so that its loopback addresses mean servers on this host
     * @return none when one of the hosts means something else here, or cannot be resolved
     */
    List<String> of(String hosts, String ports, boolean fromLoopback) {
        List<String> asking = List.of(hosts, ports, String.valueOf(fromLoopback));
        long nowNs = clock.getAsLong();
        Found known = found;
        boolean isKnown = known.asked().equals(asking);
        boolean isBusy = lookingUp != null && lookingUp.isAlive();
        if ((!isKnown || nowNs - askedNs >= AGAIN_NS) && !isBusy) {
            askedNs = nowNs;
            Thread thread = new Thread(
                    () -> found = new Found(asking, lookUp(hosts.split(",", -1), ports.split(",", -1), fromLoopback)),
                    "upstream-names");
            thread.setDaemon(true);
            thread.start();
            lookingUp = thread;
        }
        return isKnown ? known.addresses() : List.of();
    }

    /** @param asked the arguments of {@link #of} */
    private record Found(List<String> asked, List<String> addresses) {}

    static List<String> lookUp(String[] hosts, String[] ports, boolean fromLoopback) {
        List<String> addresses = new ArrayList<>();
        for (int i = 0; i < Math.min(hosts.length, MAX_ADDRESSES); i++) {
            String port = ports.length == 1 ? ports[0] : i < ports.length ? ports[i] : "";
            if (hosts[i].isEmpty() || hosts[i].startsWith("@")) {
                return List.of();
            }
            if (hosts[i].startsWith("/")) {
                List<String> own = fromLoopback ? ofThisHost(port.isEmpty() ? DEFAULT_PORT : parsed(port)) : List.of();
                if (own.isEmpty()) {
                    return List.of(); // A Unix socket on the standby's host, whose addresses are not known here.
                }
                addresses.addAll(own);
                continue;
            }
            try {
                for (InetAddress address : InetAddress.getAllByName(hosts[i])) {
                    if (address.isLoopbackAddress() && !fromLoopback) {
                        return List.of();
                    }
                    addresses.add(address.getHostAddress() + ":" + (port.isEmpty() ? DEFAULT_PORT : port));
                }
            } catch (UnknownHostException e) {
                return List.of();
            }
        }
        return addresses.stream().limit(MAX_ADDRESSES).toList();
    }

    /** The addresses of a configured server, in the same form. */
    static List<String> own(List<String> addresses, int port) {
        return addresses.stream()
                .map(address -> address + ":" + port)
                .limit(MAX_ADDRESSES)
                .toList();
    }

    /**
     * The addresses of a server on this host that is known by its Unix socket.
     *
     * @param port in the name of the socket; 0 when it has none
     * @return none when the port is not known
     */
    static List<String> ofThisHost(int port) {
        if (port == 0) {
            return List.of();
        }
        try {
            return NetworkInterface.networkInterfaces()
                    .flatMap(NetworkInterface::inetAddresses)
                    .filter(address -> !address.isLinkLocalAddress())
                    .sorted(Comparator.comparing(address -> !address.isLoopbackAddress())) // Standbys here use these.
                    .map(address -> address.getHostAddress().split("%", 2)[0] + ":" + port) // Without its interface.
                    .limit(MAX_ADDRESSES)
                    .toList();
        } catch (SocketException e) {
            return List.of();
        }
    }

    private static int parsed(String port) {
        try {
            return Integer.parseInt(port);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    /** Whether all of these are loopback addresses. */
    static boolean areLoopback(List<String> addresses) {
        return !addresses.isEmpty() && addresses.stream().allMatch(UpstreamAddresses::isLoopback);
    }

    private static boolean isLoopback(String address) {
        try {
            return InetAddress.getByName(address).isLoopbackAddress(); // An address needs no look-up.
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
