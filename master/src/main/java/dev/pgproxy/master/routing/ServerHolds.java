package dev.pgproxy.master.routing;

import dev.pgproxy.common.net.Endpoint;
import java.util.LinkedHashSet;
import java.util.Set;

/** Servers that nobody is given a connection to for the time being: an operator has paused them, or the primary may be dead. */
final class ServerHolds {

    private final Set<Endpoint> paused = new LinkedHashSet<>();
    private Endpoint primary;
    private boolean primaryHeld;

    ServerHolds(Endpoint primary) {
        this.primary = primary;
    }

    /** Another server is the primary. */
    void primaryIs(Endpoint server) {
        primary = server;
    }

    /** Holds the primary, whichever that is, or lets it go. */
    void holdPrimary(boolean held) {
        primaryHeld = held;
    }

    void pause(Endpoint server) {
        paused.add(server);
    }

    /** @return whether it was paused */
    boolean resume(Endpoint server) {
        return paused.remove(server);
    }

    boolean isPaused(Endpoint server) {
        return paused.contains(server);
    }

    Set<Endpoint> paused() {
        return paused;
    }

    /** Whether this is the primary, and may be dead. */
    boolean isHeldPrimary(Endpoint server) {
        return primaryHeld && server.equals(primary);
    }

    /** Whether nobody is given a connection to it, for whatever reason. */
    boolean isHeld(Endpoint server) {
        return isPaused(server) || isHeldPrimary(server);
    }
}
