package dev.pgproxy.simulation;

import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.testkit.simulation.SimulatedClient;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import dev.pgproxy.testkit.simulation.SimulatedWorld;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A client that connects and sends its startup packet in pieces, or only a part of it; then it is a {@link SimulatedClient}. */
final class ClusterClient implements SimulatedWorld.Actor {

    private static final int PROTOCOL_3 = 3 << 16;

    private final ClusterSimulation simulation;
    private final String name;
    private final String user;
    private final int neighbour;
    /** Bytes of its startup packet that it still sends: all of them, unless it vanishes. */
    private int sends;

    private byte[] unsent;
    private @Nullable SimulatedTransport transport;
    private @Nullable SimulatedClient client;

    ClusterClient(ClusterSimulation simulation, String name, String user, int neighbour) {
        this.simulation = simulation;
        this.name = name;
        this.user = user;
        this.neighbour = neighbour;
        this.unsent = FrontendMessage.startup(
                PROTOCOL_3,
                List.of(
                        new StartupParameters.Parameter("user", user),
                        new StartupParameters.Parameter("database", "shop"),
                        new StartupParameters.Parameter(StartupParameters.APPLICATION_NAME, name)));
        boolean vanishes = simulation.random().nextInt(20) == 0;
        this.sends = vanishes ? simulation.random().nextInt(unsent.length) : unsent.length;
    }

    String name() {
        return name;
    }

    @Override
    public boolean act() {
        if (transport == null) {
            transport = simulation.connect(neighbour);
            return transport != null; // If nothing listens, it goes away.
        }
        if (unsent.length > 0) {
            return sendSome(transport);
        }
        if (client == null) {
            client = new SimulatedClient(name, user, transport, simulation);
        }
        return client.act();
    }

    private boolean sendSome(SimulatedTransport open) {
        if (open.isConnectionClosed()) {
            return false; // It had its chance.
        }
        if (sends == 0) {
            simulation.trace(name + " vanishes with " + unsent.length + " bytes of its startup packet unsent");
            if (simulation.random().nextBoolean()) {
                open.farReset();
            } else {
                open.farLeave();
            }
            return false;
        }
        int count = simulation.random().nextInt(3) == 0
                ? sends
                : 1 + simulation.random().nextInt(sends);
        open.farWrite(Arrays.copyOf(unsent, count));
        unsent = Arrays.copyOfRange(unsent, count, unsent.length);
        sends -= count;
        return true;
    }

    @Override
    public String toString() {
        return name + " (" + user + ")" + (unsent.length > 0 ? " has " + unsent.length + " bytes to send" : "")
                + (client == null ? "" : " " + client);
    }
}
