package dev.pgproxy.benchmarks.growth;

import dev.pgproxy.benchmarks.peer.Logins;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.ProtocolVersion;
import dev.pgproxy.common.protocol.StartupParameters;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Clients of the {@link IdleServer}'s database that log in, and then do nothing. */
final class Crowd implements AutoCloseable {

    private static final byte[] READY = BackendMessage.readyForQueryIdle();

    /** In which all clients that connect at once must be in. */
    private static final long STORM_PATIENCE_NS = TimeUnit.MINUTES.toNanos(2);

    /** How many connect before the answers to others are read. Those that are read together count as simultaneous. */
    private static final int BETWEEN_LOOKS = 16;

    private static final double NS_PER_MS = 1e6;

    /** More than a client is ever sent at its login. */
    private static final int MOST_HEARD_BYTES = 4_096;

    /** A client that logs in: its place in the order in which they connect, and what it has been sent. */
    private static final class Newcomer {

        private final int place;
        private final long startNs;
        private final ByteBuffer heard = ByteBuffer.allocate(MOST_HEARD_BYTES);

        private Newcomer(int place, long startNs) {
            this.place = place;
            this.startNs = startNs;
        }
    }

    private final InetSocketAddress proxy;
    private final byte[] startup;
    private final List<SocketChannel> clients = new ArrayList<>();

    Crowd(int proxyPort) {
        proxy = new InetSocketAddress(InetAddress.getLoopbackAddress(), proxyPort);
        startup = FrontendMessage.startup(
                ProtocolVersion.PLAIN,
                List.of(
                        new StartupParameters.Parameter("database", IdleServer.DATABASE),
                        new StartupParameters.Parameter("user", Logins.TRUST.user())));
    }

    /** Lets clients log in, one after the other, until there are this many. */
    void growTo(int count) throws IOException {
        while (clients.size() < count) {
            storm(1);
        }
    }

    /**
     * Lets this many clients connect at once.
     *
     * @throws IOException when one is refused
     */
    Storm storm(int count) throws IOException {
        Storm storm = new Storm();
        try (Selector selector = Selector.open()) {
            long endNs = System.nanoTime() + STORM_PATIENCE_NS;
            for (int come = 0; come < count; ) {
                for (int more = Math.min(count, come + BETWEEN_LOOKS); come < more; come++) {
                    SocketChannel client = SocketChannel.open();
                    clients.add(client);
                    client.configureBlocking(false);
                    Newcomer newcomer = new Newcomer(come, System.nanoTime());
                    client.connect(proxy);
                    greet(client.register(selector, SelectionKey.OP_CONNECT, newcomer));
                }
                selector.selectNow();
                look(selector, storm);
            }
            while (storm.countIn() < count) {
                long leftNs = endNs - System.nanoTime();
                if (leftNs <= 0 || selector.select(1 + TimeUnit.NANOSECONDS.toMillis(leftNs)) == 0) {
                    throw new IOException((count - storm.countIn()) + " of " + count + " clients hear nothing");
                }
                look(selector, storm);
            }
        }
        return storm;
    }

    private void look(Selector selector, Storm storm) throws IOException {
        List<Integer> places = new ArrayList<>();
        List<Double> waitsMs = new ArrayList<>();
        for (SelectionKey key : selector.selectedKeys()) {
            if (key.isConnectable()) {
                greet(key);
            } else if (hear(key)) {
                Newcomer newcomer = newcomer(key);
                places.add(newcomer.place);
                waitsMs.add((System.nanoTime() - newcomer.startNs) / NS_PER_MS);
                key.cancel();
            }
        }
        selector.selectedKeys().clear();
        storm.letIn(places, waitsMs);
    }

    /** Sends what a client begins with, if it is connected: on loopback at once, unless the proxy's backlog is full. */
    private void greet(SelectionKey key) throws IOException {
        SocketChannel client = (SocketChannel) key.channel();
        if (client.finishConnect()) {
            client.write(ByteBuffer.wrap(startup));
            key.interestOps(SelectionKey.OP_READ);
        }
    }

    /** @return whether the client is in */
    private static boolean hear(SelectionKey key) throws IOException {
        ByteBuffer heard = newcomer(key).heard;
        if (((SocketChannel) key.channel()).read(heard) < 0) {
            throw new IOException("a client was refused: " + said(heard));
        }
        return isIn(heard);
    }

    private static Newcomer newcomer(SelectionKey key) {
        return (Newcomer) key.attachment();
    }

    private static boolean isIn(ByteBuffer heard) {
        int from = heard.position() - READY.length;
        for (int i = 0; i < READY.length; i++) {
            if (from < 0 || heard.get(from + i) != READY[i]) {
                return false;
            }
        }
        return true;
    }

    private static String said(ByteBuffer heard) {
        byte[] message = new byte[heard.position()];
        heard.get(0, message);
        return message.length == 0 ? "without a word" : BackendMessage.errorField(message, 'M');
    }

    @Override
    public void close() throws IOException {
        for (SocketChannel client : clients) {
            client.close();
        }
        clients.clear();
    }
}
