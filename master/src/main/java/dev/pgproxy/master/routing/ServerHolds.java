package dev.pgproxy.master.routing;

import dev.pgproxy.common.net.Endpoint;
import java.util.LinkedHashSet;
import java.util.Set;

/** Servers to which no client gets a connection for now: an operator has paused them, or the primary may be dead. */
final class ServerHolds {

    private final Set<Endpoint> paused = new LinkedHashSet<>();
    private Endpoint primary;
    private boolean primaryHeld;

    ServerHolds(Endpoint primary) {
        this.primary = primary;
    }

    /** Another server is the primary now. */
    void primaryIs(Endpoint server) {
        primary = server;
    }

    /** Holds the primary, whichever server that is, or releases it. */
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

    /** Whether no client gets a connection to it, for whatever reason. */
    boolean isHeld(Endpoint server) {
        return isPaused(server) || isHeldPrimary(server);
    }
}
