package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.net.Endpoint;
import org.jspecify.annotations.Nullable;

/** The connection of a backend: being opened, open, or closed. This owns it. */
final class BackendConnection {

    private final Endpoint server;
    private Connector.@Nullable Attempt attempt;
    private @Nullable Transport transport;
    private @Nullable Endpoint peer;

    BackendConnection(Endpoint server) {
        this.server = server;
    }

    /** @param then notified of the outcome, unless this is closed first */
    void open(Connector connector, SocketTuning tuning, Connector.Handler then) {
        attempt = connector.connect(server, tuning, new Connector.Handler() {
            @Override
            public void connected(Transport connected, Endpoint address) {
                attempt = null;
                transport = connected;
                peer = address;
                then.connected(connected, address);
            }

            @Override
            public void failed(String reason) {
                attempt = null;
                then.failed(reason);
            }
        });
    }

    boolean isOpen() {
        return transport != null;
    }

    /** @throws IllegalStateException before it is established or after it was closed */
    Transport transport() {
        if (transport == null) {
            throw new IllegalStateException("the connection to " + server + " is not open");
        }
        return transport;
    }

    /** The address that the server's name resolved to when this connection was made. */
    Endpoint peer() {
        return peer == null ? server : peer;
    }

    void close() {
        if (attempt != null) {
            attempt.cancel();
            attempt = null;
        }
        if (transport != null) {
            transport.close();
            transport = null;
        }
    }
}
