package dev.pgproxy.benchmarks.growth;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.List;

/**
 * A server that lets clients of one database in and then does nothing for them, which costs next to nothing: ten thousand backends of
 * PostgreSQL would need more memory than most machines have. All other connections are passed on to the real server. Runs as a process
 * of its own, since one process may not have enough descriptors for both ends.
 */
public final class IdleServer {

    /** The database whose clients stay here. */
    static final String DATABASE = "bench_idle";

    /** What it prints when it listens, before the number of its port. */
    static final String LISTENING = "listening on ";

    private static final int BACKLOG = 4_096;
    private static final int COPY_BYTES = 16 * 1024;

    private final int realPort;
    private final Selector selector = Selector.open();
    private final ByteBuffer scratch = ByteBuffer.allocate(COPY_BYTES);
    private final byte[] welcome = welcome();

    private IdleServer(int realPort) throws IOException {
        this.realPort = realPort;
    }

    /** @param arguments the port of the real server; ends when its standard input does, which is when its parent has ended */
    public static void main(String[] arguments) throws IOException {
        Thread parent = new Thread(IdleServer::awaitEndOfInput, "parent");
        parent.setDaemon(true);
        parent.start();
        new IdleServer(Integer.parseInt(arguments[0])).serve();
    }

    private static void awaitEndOfInput() {
        try {
            System.in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            // The end of a pipe, too.
            Runtime.getRuntime().halt(0);
        }
        Runtime.getRuntime().halt(0);
    }

    private void serve() throws IOException {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
            listener.configureBlocking(false);
            listener.register(selector, SelectionKey.OP_ACCEPT);
            System.out.println(LISTENING + listener.socket().getLocalPort());
            while (true) {
                selector.select();
                List<SelectionKey> ready = List.copyOf(selector.selectedKeys());
                selector.selectedKeys().clear();
                for (SelectionKey key : ready) {
                    if (key.isAcceptable()) {
                        accept(listener);
                    } else {
                        serve((SocketChannel) key.channel(), key);
                    }
                }
            }
        }
    }

    private void accept(ServerSocketChannel listener) throws IOException {
        SocketChannel client = listener.accept();
        if (client != null) {
            client.configureBlocking(false);
            client.register(selector, SelectionKey.OP_READ);
        }
    }

    private void serve(SocketChannel client, SelectionKey key) throws IOException {
        try {
            read(client, key);
        } catch (IOException e) {
            client.close(); // It, or the real server, has left.
        }
    }

    private void read(SocketChannel client, SelectionKey key) throws IOException {
        scratch.clear();
        int count = client.read(scratch);
        if (count < 0) {
            client.close();
        } else if (key.attachment() == null && count > 0) {
            greet(client, key, Arrays.copyOf(scratch.array(), count));
        }
        // A client that is in has nothing to say that matters here.
    }

    /** The first packet arrives in one piece over loopback. */
    private void greet(SocketChannel client, SelectionKey key, byte[] packet) throws IOException {
        StartupPacket decoded;
        try {
            decoded = StartupPacketDecoder.decode(packet);
        } catch (ProtocolViolation e) {
            client.close();
            return;
        }
        if (decoded instanceof StartupPacket.Startup startup
                && startup.parameters().database().equals(DATABASE)) {
            key.attach(DATABASE);
            client.write(ByteBuffer.wrap(welcome));
            return;
        }
        key.cancel();
        selector.selectNow();
        client.configureBlocking(true);
        SocketChannel real = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), realPort));
        real.write(ByteBuffer.wrap(packet));
        start(client, real);
        start(real, client);
    }

    private static byte[] welcome() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(BackendMessage.authenticationOk());
        all.writeBytes(BackendMessage.parameterStatus("server_version", "18"));
        all.writeBytes(BackendMessage.parameterStatus("client_encoding", "UTF8"));
        all.writeBytes(BackendMessage.backendKeyData(1, new byte[] {1, 2, 3, 4}));
        all.writeBytes(BackendMessage.readyForQueryIdle());
        return all.toByteArray();
    }

    private static void start(SocketChannel from, SocketChannel to) {
        Thread thread = new Thread(() -> copy(from, to), "tunnel");
        thread.setDaemon(true);
        thread.start();
    }

    private static void copy(SocketChannel from, SocketChannel to) {
        // Not through streams, which let only one thread use a channel at a time.
        ByteBuffer bytes = ByteBuffer.allocate(COPY_BYTES);
        try (from;
                to) {
            while (from.read(bytes) >= 0) {
                bytes.flip();
                while (bytes.hasRemaining()) {
                    to.write(bytes);
                }
                bytes.clear();
            }
        } catch (IOException e) {
            return; // One of the two has left, and now both are closed.
        }
    }
}
