package dev.pgproxy.master.routing;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.ProtocolVersion;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** How servers have recently let clients in, by user and database: the next client of the same kind can be asked in the same way. */
final class KnownLogins {

    /** Kinds to remember; beyond this, the one that was seen longest ago is forgotten. */
    private static final int MAX_REMEMBERED = 10_000;
    /** A server's rules can change: what no login has confirmed for this long is not relied on. */
    private static final long REMEMBERED_NS = TimeUnit.HOURS.toNanos(1);

    private record Kind(Endpoint server, String user, String database) {}

    private record Seen(AuthenticationMethod method, long atNs) {}

    private final Clock clock;
    private final Map<Kind, Seen> seen = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Kind, Seen> eldest) {
            return size() > MAX_REMEMBERED;
        }
    };

    KnownLogins(Clock clock) {
        this.clock = clock;
    }

    private static Kind kind(Endpoint server, StartupParameters parameters) {
        return new Kind(server, parameters.serverUser(), parameters.serverDatabase());
    }

    /**
     * The server has let such a client in.
     *
     * @return whether this was not known before
     */
    boolean letIn(Endpoint server, StartupParameters parameters, AuthenticationMethod by) {
        Kind kind = kind(server, parameters);
        Seen before = seen.remove(kind);
        seen.put(kind, new Seen(by, clock.nanoTime()));
        return before == null || before.method() != by;
    }

    /** The server asks such clients in another way now. */
    void forget(Endpoint server, String user, String database) {
        seen.remove(new Kind(server, user, database));
    }

    /** How the server asks such clients; OTHER when that is unknown, or when only the server can ask in that way. */
    AuthenticationMethod method(Endpoint server, StartupParameters parameters) {
        Seen last = seen.get(kind(server, parameters));
        return last == null || clock.nanoTime() - last.atNs() > REMEMBERED_NS
                ? AuthenticationMethod.OTHER
                : last.method();
    }

    /** The standing of a client that has just connected. */
    Standing standing(Endpoint server, StartupPacket.Startup startup) {
        return switch (method(server, startup.parameters())) {
            case TRUST -> Standing.PROVED;
            case PASSWORD, MD5, SCRAM_SHA_256 ->
                // How a server answers other protocol versions and options is not known before it is asked.
                startup.protocolVersion() == ProtocolVersion.PLAIN
                                && !startup.parameters().hasOptions()
                        ? Standing.VISITOR
                        : Standing.STRANGER;
            case OTHER -> Standing.STRANGER;
        };
    }
}
