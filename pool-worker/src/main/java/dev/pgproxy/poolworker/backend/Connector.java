package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.net.Endpoint;

/** Opens connections to servers without blocking the loop. */
public interface Connector {

    /** Who waits for a connection. Exactly one of the methods is called, once, unless the attempt was cancelled. */
    interface Handler {
        /** @param peer the address that the server's name led to */
        void connected(Transport transport, Endpoint peer);

        /** @param reason for the client and the log */
        void failed(String reason);
    }

    /** An attempt under way; {@link #cancel} gives it up, and nobody is called any more. */
    interface Attempt {
        void cancel();
    }

    /** Starts an attempt; the handler is called in a later turn of the loop. */
    Attempt connect(Endpoint server, SocketTuning tuning, Handler handler);
}
