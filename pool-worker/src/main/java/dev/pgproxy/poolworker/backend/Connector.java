package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.net.Endpoint;

/** Opens connections to servers without blocking the loop. */
public interface Connector {

    /** Receives the outcome of an attempt. Exactly one of the methods is called, once, unless the attempt is cancelled. */
    interface Handler {
        /** @param peer the address that the server's name resolved to */
        void connected(Transport transport, Endpoint peer);

        /** @param reason for the client and the log */
        void failed(String reason);
    }

    /** An attempt under way; after {@link #cancel} its handler is not called. */
    interface Attempt {
        void cancel();
    }

    /** Starts an attempt; the handler is called in a later turn of the loop. */
    Attempt connect(Endpoint server, SocketTuning tuning, Handler handler);
}
