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

/** Servers whose names lead to other addresses than before: what is connected to the old ones may write to a server that nobody means. */
final class MovedServers implements ProbeMessages.AtPoolWorker {

    /** When a server's name led elsewhere last, and where. */
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

    /** Connects a backend; an address that its server has left by then is no success. */
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
                            connected.close(); // What was true when the name was looked up is not true any more.
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

    /** The server's name leads to these addresses now. What is connected to others may write to a server that nobody means any more. */
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

    /** A Unix socket has no name that could lead elsewhere. */
    private static boolean isOneOf(List<String> addresses, Endpoint endpoint) {
        return !(endpoint instanceof Endpoint.Tcp tcp) || addresses.contains(tcp.host());
    }
}
