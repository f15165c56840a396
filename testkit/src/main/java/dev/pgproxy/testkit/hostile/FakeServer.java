package dev.pgproxy.testkit.hostile;

import dev.pgproxy.common.protocol.StartupPacket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Listens on loopback and treats each client as registered for the database that it names. */
public final class FakeServer implements AutoCloseable {

    private static final int BACKLOG = 512;

    /** What the server does to one client, after its startup packet. The connection is closed at its end. */
    @FunctionalInterface
    public interface Behaviour {
        void serve(FakeConnection client) throws IOException;
    }

    private final Behaviour toAllOthers;
    private final ServerSocket listener;
    private final Map<String, Behaviour> byDatabase = new ConcurrentHashMap<>();
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private final Map<String, Integer> met = new ConcurrentHashMap<>();

    /** @param toAllOthers behaviour for clients of databases that none is registered for */
    public FakeServer(Behaviour toAllOthers) {
        this.toAllOthers = toAllOthers;
        try {
            listener = new ServerSocket(0, BACKLOG, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException("no port is free", e);
        }
        start(this::acceptAll);
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "fake-server");
        thread.setDaemon(true);
        thread.start();
    }

    /** The address as a configuration names it. */
    public String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    /** Registers the behaviour for clients of this database. */
    public void on(String database, Behaviour behaviour) {
        byDatabase.put(database, behaviour);
    }

    private void acceptAll() {
        try {
            while (true) {
                Socket socket = listener.accept();
                open.add(socket);
                start(() -> serve(socket));
            }
        } catch (SocketException e) {
            return; // Closed: the test is over.
        } catch (IOException e) {
            throw new UncheckedIOException("could not accept", e);
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            FakeConnection client = new FakeConnection(socket);
            if (client.readStartup() instanceof StartupPacket.Startup startup) {
                String database = startup.parameters().database();
                met.merge(database, 1, Integer::sum);
                byDatabase.getOrDefault(database, toAllOthers).serve(client);
            }
        } catch (IOException e) {
            return; // The other side has closed, which is what a behaviour is for.
        } finally {
            open.remove(socket);
        }
    }

    /** How many clients have met each database's behaviour. */
    public Map<String, Integer> met() {
        return met;
    }

    @Override
    public void close() {
        try {
            listener.close();
            for (Socket socket : open) {
                socket.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("could not close", e);
        }
    }
}
