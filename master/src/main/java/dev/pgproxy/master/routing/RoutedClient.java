package dev.pgproxy.master.routing;

import dev.pgproxy.common.ipc.ClientOrigin;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.ClientWeight;
import dev.pgproxy.master.routing.LedgerEntries.BackendEntry;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client on its way to a worker. It owns the connection until the worker has acknowledged the duplicate.
 */
final class RoutedClient {

    private final Client client;
    private final StartupPacket.Startup startup;
    private final PoolKey key;
    private final long sinceNs;
    private final Set<Endpoint> tried;
    private final @Nullable Resumption resumption;
    private Standing standing;
    private final int slot;
    private final String neighbour;
    private @Nullable ClientConnection connection;
    private Scheduler.@Nullable Timer waitTimer;
    private int returns;
    private int crowdedOut;
    private @Nullable BackendEntry room;
    private @Nullable BackendEntry refusedOn;
    private int overtaken;
    private long patientSinceNs;
    private boolean patient;
    private @Nullable RoleFacts foreseen;
    private @Nullable PlaceLimits countedUnder;
    private List<PlaceLimits.Scope> counted = List.of();

    /**
     * A client that has just connected or come back.
     *
     * @param startup the startup packet for the server
     * @param sinceNs when it arrived
     * @param resumption of the session that it already has; null when it is about to log in
     * @param standing what it has proved
     */
    RoutedClient(
            Client client,
            StartupPacket.Startup startup,
            PoolKey key,
            long sinceNs,
            @Nullable Resumption resumption,
            Standing standing) {
        this(client, startup, key, sinceNs, Set.of(), resumption, standing, 0);
        this.connection = client.connection();
    }

    private RoutedClient(
            Client client,
            StartupPacket.Startup startup,
            PoolKey key,
            long sinceNs,
            Set<Endpoint> tried,
            @Nullable Resumption resumption,
            Standing standing,
            int slot) {
        this.client = client;
        this.startup = startup;
        this.key = key;
        this.sinceNs = sinceNs;
        this.tried = tried;
        this.resumption = resumption;
        this.standing = standing;
        this.slot = slot;
        this.neighbour = client.peer().group();
    }

    /** The same client on its way to another server; the new object owns the connection. */
    RoutedClient elsewhere(StartupPacket.Startup otherStartup, PoolKey otherKey, Standing there) {
        RoutedClient other = new RoutedClient(client, otherStartup, otherKey, sinceNs, tried, resumption, there, 0);
        other.returns = returns;
        other.connection = connection;
        connection = null;
        return other;
    }

    /** The same client after its server could not serve it, with the connection that came back. */
    RoutedClient returned(ClientConnection itsConnection) {
        Set<Endpoint> triedNow = new HashSet<>(tried);
        triedNow.add(key.server());
        RoutedClient back = new RoutedClient(client, startup, key, sinceNs, triedNow, resumption, standing, 0);
        back.returns = returns + 1;
        back.connection = itsConnection;
        return back;
    }

    /** The same client after its server had no room for it, with the connection that came back. */
    RoutedClient crowdedOut(ClientConnection itsConnection) {
        RoutedClient back = new RoutedClient(client, startup, key, sinceNs, tried, resumption, standing, 0);
        back.returns = returns + 1;
        back.connection = itsConnection;
        return back;
    }

    /** The same client on its way to a server with room, since its own has none. */
    RoutedClient withoutServer() {
        RoutedClient back = returned(connection());
        connection = null;
        back.returns = returns;
        return back;
    }

    /** Counts one more time that the server had no room for it although it has proved who it is. */
    int noteCrowdedOut() {
        return ++crowdedOut;
    }

    /**
     * An unused connection keeps the client out, which is not tried again until the connection is gone or used again.
     *
     * @param refused the connection on which the server refused it: the server counts it until it is gone; null when there is none
     */
    void waitFor(BackendEntry inTheWay, @Nullable BackendEntry refused) {
        room = inTheWay;
        refusedOn = refused;
    }

    boolean isWaitingForRoom() {
        return (room != null && room.isUnused()) || (refusedOn != null && refusedOn.isUnused());
    }

    /** The same client after a worker has asked it for its password; it now waits for a place there. */
    RoutedClient at(int workerSlot, Standing asked) {
        return new RoutedClient(client, startup, key, sinceNs, tried, resumption, asked, workerSlot);
    }

    /** Whether a worker already has it. */
    boolean isAtWorker() {
        return slot > 0;
    }

    /** The worker that has it; 0 for none. */
    int slot() {
        return slot;
    }

    Standing standing() {
        return standing;
    }

    /** Changes its standing; it must not be in a line at that moment. */
    void standing(Standing now) {
        standing = now;
        countedUnder = null;
    }

    /** The neighbour with which it shares the places of strangers. */
    String neighbour() {
        return neighbour;
    }

    /** The scopes that count it while it waits. */
    List<PlaceLimits.Scope> scopes(PlaceLimits limits) {
        if (countedUnder != limits) {
            counted = limits.scopes(key, standing, neighbour);
            countedUnder = limits;
        }
        return counted;
    }

    Admission.Candidate candidate(PlaceLimits limits) {
        boolean mayHaveIdle = !isAtWorker() || standing == Standing.PROVED;
        return new Admission.Candidate(key, standing, scopes(limits), slot, mayHaveIdle);
    }

    /** Sets what its worker need not ask about its role if it goes there in this turn; null for nothing. */
    void foresee(@Nullable RoleFacts facts) {
        foreseen = facts;
    }

    /** What its worker need not ask about its role; null for nothing. */
    @Nullable
    RoleFacts foreseen() {
        return foreseen;
    }

    /** Servers that could not serve it. */
    Set<Endpoint> tried() {
        return tried;
    }

    /** How often a server could not serve it. */
    int returns() {
        return returns;
    }

    /** How often a later client was served first with a backend that this one could not have. */
    int overtaken() {
        return overtaken;
    }

    /** A later client is served first. */
    void wasOvertaken() {
        overtaken++;
    }

    /** When this was first called: since then the client has waited for a backend at its worker. */
    long patientSinceNs(long nowNs) {
        if (!patient) {
            patient = true;
            patientSinceNs = nowNs;
        }
        return patientSinceNs;
    }

    /** When it arrived. */
    long sinceNs() {
        return sinceNs;
    }

    /** The startup packet for the server. */
    StartupPacket.Startup startup() {
        return startup;
    }

    /** Of the session that it already has; null when it is about to log in. */
    @Nullable
    Resumption resumption() {
        return resumption;
    }

    long sessionId() {
        return client.sessionId();
    }

    Client client() {
        return client;
    }

    PoolKey key() {
        return key;
    }

    /** Approximate bytes that it takes. */
    int weight() {
        return ClientWeight.of(startup.parameters()) + (resumption == null ? 0 : resumption.heldBytes());
    }

    WaitingClient describe(String waitsFor) {
        return new WaitingClient(
                sessionId(), client.peer(), startup.parameters(), key, WaitingClient.WAITING, sinceNs, waitsFor);
    }

    ClientOrigin origin(long nowNs) {
        return new ClientOrigin(client.peer(), TimeUnit.NANOSECONDS.toMillis(nowNs - sinceNs));
    }

    /** The connection, which must still be owned here. */
    ClientConnection connection() {
        ClientConnection open = connection;
        if (open == null) {
            throw new IllegalStateException("client " + sessionId() + " was handed over");
        }
        return open;
    }

    /**
     * A duplicate of the connection for a worker; the original is kept, but no longer watched.
     *
     * @throws IOException when no descriptor is left
     */
    Descriptor forWorker() throws IOException {
        Descriptor duplicate = connection().duplicate();
        connection().interest(Interest.NONE);
        return duplicate;
    }

    void startTimer(Scheduler.Timer timer) {
        waitTimer = timer;
    }

    void stopTimer() {
        if (waitTimer != null) {
            waitTimer.cancel();
            waitTimer = null;
        }
    }

    /** The worker owns the connection now: closes the copy kept here. */
    void handedOver() {
        if (connection != null) {
            connection.close();
            connection = null;
        }
    }
}
