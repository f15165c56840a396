package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;

/** Connects to servers the way their endpoints say. */
public final class ServerConnector implements Connector {

    private final TcpConnector tcp;
    private final UnixConnector unix;

    public ServerConnector(EventLoop loop, EpollPoller poller) {
        this.tcp = new TcpConnector(loop, poller);
        this.unix = new UnixConnector(loop, poller);
    }

    @Override
    public Attempt connect(Endpoint server, SocketTuning tuning, Handler handler) {
        return server instanceof Endpoint.Tcp host
                ? tcp.connect(host, tuning, handler)
                : unix.connect((Endpoint.Unix) server, handler);
    }
}
