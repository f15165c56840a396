package dev.pgproxy.systemtests;

import dev.pgproxy.testkit.wire.WireClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Many clients, of whom each may still be read from. */
final class Crowd implements AutoCloseable {

    private final List<WireClient> clients = new ArrayList<>();

    /** One more. */
    WireClient connect(int port) throws IOException {
        WireClient client = new WireClient(port);
        clients.add(client);
        return client;
    }

    /** This one, too. */
    void add(WireClient client) {
        clients.add(client);
    }

    /** In order of arrival. */
    List<WireClient> clients() {
        return clients;
    }

    /** All close their connections. */
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
