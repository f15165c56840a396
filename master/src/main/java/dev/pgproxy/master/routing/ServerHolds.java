package dev.pgproxy.master.routing;

import dev.pgproxy.common.config.ServerAddress;
import java.util.LinkedHashSet;
import java.util.Set;

/** Servers that nobody is given a connection to for the time being: an operator has paused them, or the primary may be dead. */
final class ServerHolds {

    private final Set<ServerAddress> paused = new LinkedHashSet<>();
    private ServerAddress primary;
    private boolean primaryHeld;

    ServerHolds(ServerAddress primary) {
        this.primary = primary;
    }

    /** Another server is the primary. */
    void primaryIs(ServerAddress server) {
        primary = server;
    }

    /** Holds the primary, whichever that is, or lets it go. */
    void holdPrimary(boolean held) {
        primaryHeld = held;
    }

    void pause(ServerAddress server) {
        paused.add(server);
    }

    /** @return whether it was paused */
    boolean resume(ServerAddress server) {
        return paused.remove(server);
    }

    boolean isPaused(ServerAddress server) {
        return paused.contains(server);
    }

    Set<ServerAddress> paused() {
        return paused;
    }

    /** Whether this is the primary, and may be dead. */
    boolean isHeldPrimary(ServerAddress server) {
        return primaryHeld && server.equals(primary);
    }

    /** Whether nobody is given a connection to it, for whatever reason. */
    boolean isHeld(ServerAddress server) {
        return isPaused(server) || isHeldPrimary(server);
    }
}
