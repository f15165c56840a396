package dev.pgproxy.master.accept;

import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.io.TcpSockets;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.log.EventThrottle;
import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupParameters;
import java.net.InetSocketAddress;

/** The way out for clients that the master does not serve: what they are told, and what the log says of it. */
public final class Refusals {

    private final Clock clock;
    private final LingeringClose lingering;
    private final Counter refused;

    /** Strangers cause these lines, so it bounds all of them. */
    private final EventThrottle lines = new EventThrottle();

    public Refusals(Clock clock, LingeringClose lingering, Counters counters) {
        this.clock = clock;
        this.lingering = lingering;
        this.refused = counters.counter("connections_refused", "connections that were told why they are not served");
    }

    /** The words for a client that there is no memory for. */
    static byte[] outOfMemory() {
        return tooMany(
                "The startup packets of all clients fill the memory that pgproxy has for them; its log has the details.");
    }

    /** The words for a client whose session could continue with another server, if there were memory for it meanwhile. */
    public static byte[] noRoomToStay() {
        return BackendMessage.fatal(
                SqlState.ADMIN_SHUTDOWN,
                "terminating connection because its server is being replaced and pgproxy has no memory to keep it",
                "Connect again. The startup packets of all clients fill the memory that pgproxy has for them; its log has the details.");
    }

    /** The words for a client above max_client_conn. */
    public static byte[] tooManyClients() {
        return tooMany("Close connections that are not needed, or raise max_client_conn of pgproxy.");
    }

    /** The words for a client that has to make room for another one. */
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

    /** As above, for a client whose startup packet is known; the log says so. */
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

    /** Refuses a client because max_client_conn others are here. */
    public void refuseAboveLimit(Client client) {
        about("client_refused", client.peer())
                .with("sqlstate", SqlState.TOO_MANY_CONNECTIONS)
                .message("max_client_conn clients are connected already")
                .hint("Raise max_client_conn, or close connections that are not needed.")
                .warn();
        refuse(client.connection(), tooManyClients());
    }

    /** Tells the log of a client that has to make room for another one. */
    public void noteGivingWay(InetSocketAddress peer) {
        about("client_gave_way", peer)
                .with("sqlstate", SqlState.TOO_MANY_CONNECTIONS)
                .message("a client that had not proved who it is gave way to another one")
                .hint("If these are not attackers, raise max_client_conn, or let clients log in faster.")
                .warn();
    }

    /** Tells the log of a client that was told that there is no TLS, and left without another word. */
    void noteLeavingWithoutTls(InetSocketAddress peer) {
        about("login_refused", peer)
                .message("the client asked for TLS, which the proxy does not speak yet, and left")
                .hint("Have it connect with sslmode=disable or prefer.")
                .info();
    }

    /** Tells the log of a first packet that PostgreSQL would not take either. */
    void noteViolation(InetSocketAddress peer, ProtocolViolation violation) {
        about("client_refused", peer)
                .with("sqlstate", violation.sqlState())
                .message(violation.description())
                .info();
    }

    /** Tells the log of a first packet that a fault of the proxy's own kept it from reading. */
    void noteFault(InetSocketAddress peer, RuntimeException fault) {
        about("startup_packet_broken", peer)
                .message("a startup packet could not be read because of a fault in pgproxy; its client is refused")
                .hint("Report it with these lines.")
                .error(fault);
    }

    private Event about(String event, InetSocketAddress peer) {
        return Event.of(event).limitedBy(lines, clock.nanoTime()).with("peer", TcpSockets.display(peer));
    }
}
