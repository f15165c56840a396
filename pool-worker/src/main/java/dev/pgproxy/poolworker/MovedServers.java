package dev.pgproxy.poolworker;

import dev.pgproxy.common.ipc.ProbeMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.backend.Connector;
import dev.pgproxy.poolworker.session.Session;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Servers whose names resolve to other addresses than before: a connection to an old address may write to the wrong server. */
final class MovedServers implements ProbeMessages.AtPoolWorker {

    /** When a server's name last changed its addresses, and the new ones. */
    private record Moved(long atNs, List<String> addresses) {}

    private final Map<Endpoint, Moved> moves = new HashMap<>();

    private final EventLoop loop;
    private final Connector connector;
    private final Sessions sessions;
    private final BackendPool pool;

    MovedServers(EventLoop loop, Connector connector, Sessions sessions, BackendPool pool) {
        this.loop = loop;
        this.connector = connector;
        this.sessions = sessions;
        this.pool = pool;
    }

    /** Connects a backend; a connection to an address that its server has left by then counts as failed. */
    void connect(Session session, Backend backend) {
        long begunNs = loop.clock().nanoTime();
        backend.connect(
                (server, tuning, handler) -> connector.connect(server, tuning, new Connector.Handler() {
                    @Override
                    public void connected(Transport connected, Endpoint address) {
                        Moved moved = moves.get(server);
                        boolean hasLeft =
                                moved != null && moved.atNs() - begunNs >= 0 && !isOneOf(moved.addresses(), address);
                        if (hasLeft) {
                            connected.close(); // The name was looked up before it changed.
                            handler.failed("the host name resolves to another address now");
                        } else {
                            handler.connected(connected, address);
                        }
                    }

                    @Override
                    public void failed(String reason) {
                        handler.failed(reason);
                    }
                }),
                session);
    }

    /** The server's name resolves to these addresses now. Connections to other addresses may write to the wrong server. */
    @Override
    public void onServerMoved(ProbeMessages.ServerMoved message) {
        Endpoint server = message.server();
        List<String> addresses = message.addresses();
        moves.put(server, new Moved(loop.clock().nanoTime(), addresses));
        for (Session session : sessions.of(server)) {
            Backend backend = session.backend();
            if (backend != null && backend.isConnected() && !isOneOf(addresses, backend.peer())) {
                session.endMoved();
            }
        }
        pool.snapshot().stream()
                .filter(backend -> backend.key().server().equals(server)
                        && backend.isConnected()
                        && !isOneOf(addresses, backend.peer()))
                .forEach(Backend::retire);
    }

    /** A Unix socket has no name that could resolve differently. */
    private static boolean isOneOf(List<String> addresses, Endpoint endpoint) {
        return !(endpoint instanceof Endpoint.Tcp tcp) || addresses.contains(tcp.host());
    }
}
