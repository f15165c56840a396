package dev.pgproxy.master.accept;

import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.peer.Peer;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupParameters;

/** Refuses clients that the master does not serve: what they are told, and what is logged about it. */
public final class Refusals {

    private final Clock clock;
    private final LingeringClose lingering;
    private final Counter refused;

    /** Bounds all of these log lines, since strangers can cause them. */
    private final EventThrottle lines = new EventThrottle();

    public Refusals(Clock clock, LingeringClose lingering, Counters counters) {
        this.clock = clock;
        this.lingering = lingering;
        this.refused = counters.counter("connections_refused", "connections that were told why they are not served");
    }

    /** The message for a client for which there is no memory. */
    static byte[] outOfMemory() {
        return tooMany(
                "The startup packets of all clients fill the memory that pgproxy has for them; its log has the details.");
    }

    /** The message for a client whose session could continue on another server, if there were memory to keep it until then. */
    public static byte[] noRoomToStay() {
        return BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection because its server is being replaced and pgproxy has no memory to keep it",
                "Connect again. The startup packets of all clients fill the memory that pgproxy has for them; its log has the details.");
    }

    /** The message for a client above max_client_conn. */
    public static byte[] tooManyClients() {
        return tooMany("Close connections that are not needed, or raise max_client_conn of pgproxy.");
    }

    /** The message for a client that has to make room for another one. */
    public static byte[] gaveWay() {
        return tooMany("The login took too long while other clients wanted to log in: connect again.");
    }

    private static byte[] tooMany(String hint) {
        return BackendMessage.fatal(SqlState.TOO_MANY_CONNECTIONS, "sorry, too many clients already", hint);
    }

    /** Tells the client why, and closes its connection. */
    public void refuse(Transport connection, byte[] why) {
        refused.increment();
        lingering.close(connection, why);
    }

    /** As above, for a client whose startup packet is known; this is logged. */
    public void refuse(Client client, Transport connection, byte[] why) {
        StartupParameters who = client.startup().parameters();
        Event event = about("login_refused", client.peer())
                .with("user", StartupParameters.display(who.user()))
                .with("database", StartupParameters.display(who.database()))
                .with("sqlstate", BackendMessage.sqlState(why))
                .message(StartupParameters.display(BackendMessage.errorField(why, 'M')));
        String hint = BackendMessage.errorField(why, 'H');
        (hint.isEmpty() ? event : event.hint(StartupParameters.display(hint))).info();
        refuse(connection, why);
    }

    /** Refuses a client because max_client_conn others are connected. */
    public void refuseAboveLimit(Client client) {
        about("client_refused", client.peer())
                .with("sqlstate", SqlState.TOO_MANY_CONNECTIONS)
                .message("max_client_conn clients are connected already")
                .hint("Raise max_client_conn, or close connections that are not needed.")
                .warn();
        refuse(client.connection(), tooManyClients());
    }

    /** Logs that a client has to make room for another one. */
    public void noteGivingWay(Peer peer) {
        about("client_gave_way", peer)
                .with("sqlstate", SqlState.TOO_MANY_CONNECTIONS)
                .message("a client that had not proved who it is gave way to another one")
                .hint("If these are not attackers, raise max_client_conn, or let clients log in faster.")
                .warn();
    }

    /** Logs that a client left without a startup packet after it was told that there is no TLS. */
    void noteLeavingWithoutTls(Peer peer) {
        about("login_refused", peer)
                .message("the client asked for TLS, which the proxy does not speak yet, and left")
                .hint("Have it connect with sslmode=disable or prefer.")
                .info();
    }

    /** Logs a first packet that PostgreSQL would not accept either. */
    void noteViolation(Peer peer, ProtocolViolation violation) {
        about("client_refused", peer)
                .with("sqlstate", violation.sqlState())
                .message(violation.description())
                .info();
    }

    /** Logs a first packet that the proxy could not read because of its own fault. */
    void noteFault(Peer peer, RuntimeException fault) {
        about("startup_packet_broken", peer)
                .message("a startup packet could not be read because of a fault in pgproxy; its client is refused")
                .hint("Report it with these lines.")
                .error(fault);
    }

    private Event about(String event, Peer peer) {
        return Event.of(event).limitedBy(lines, clock.nanoTime()).with("peer", peer);
    }
}
