package dev.pgproxy.systemtests;

import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Many clients, each of which can still be read from. */
final class Crowd implements AutoCloseable {

    private final List<WireClient> clients = new ArrayList<>();

    /** Connects one more. */
    WireClient connect(int port) throws IOException {
        WireClient client = new WireClient(port);
        clients.add(client);
        return client;
    }

    /** Adds this one. */
    void add(WireClient client) {
        clients.add(client);
    }

    /** In order of arrival. */
    List<WireClient> clients() {
        return clients;
    }

    /** Closes all connections. */
    void leave() throws IOException {
        for (WireClient client : clients) {
            client.close();
        }
        clients.clear();
    }

    @Override
    public void close() throws IOException {
        leave();
    }
}
