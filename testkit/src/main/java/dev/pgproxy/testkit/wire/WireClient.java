package dev.pgproxy.testkit.wire;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.testkit.process.Await;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

/** A blocking client that sends whatever bytes a test likes. */
public final class WireClient implements AutoCloseable {

    public static final int PROTOCOL_3_0 = 3 << 16;

    private static final int READ_TIMEOUT_MS = (int) Await.PATIENCE.toMillis();

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;

    /** Connects to a port of 127.0.0.1. */
    public WireClient(int port) throws IOException {
        this(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    }

    /** Connects over TCP or to a Unix socket. */
    public WireClient(Endpoint server) throws IOException {
        this(
                server instanceof Endpoint.Unix ? AFUNIXSocket.newInstance() : new Socket(),
                server instanceof Endpoint.Unix socket
                        ? AFUNIXSocketAddress.of(Path.of(socket.path()))
                        : new InetSocketAddress(((Endpoint.Tcp) server).host(), server.port()));
    }

    public WireClient(InetSocketAddress address) throws IOException {
        this(new Socket(), address);
    }

    private WireClient(Socket unconnected, SocketAddress address) throws IOException {
        socket = unconnected;
        socket.setTcpNoDelay(true); // A Unix socket ignores it.
        socket.connect(address, READ_TIMEOUT_MS);
        socket.setSoTimeout(READ_TIMEOUT_MS);
        in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
        out = socket.getOutputStream();
    }

    /**
     * Connects and logs in without a password, to ReadyForQuery.
     *
     * @param pairs further names and values
     */
    public static WireClient login(int port, String user, String database, String... pairs) throws IOException {
        return new WireClient(port).in(user, database, pairs);
    }

    /** As above, wherever it listens. */
    public static WireClient login(Endpoint server, String user, String database) throws IOException {
        return new WireClient(server).in(user, database);
    }

    private WireClient in(String user, String database, String... pairs) throws IOException {
        startup(PROTOCOL_3_0, user, database, pairs);
        readUntil('Z');
        return this;
    }

    /** Sends a StartupMessage. */
    public void startup(int version, String user, String database, String... pairs) throws IOException {
        List<StartupParameters.Parameter> parameters = new ArrayList<>();
        parameters.add(new StartupParameters.Parameter("user", user));
        parameters.add(new StartupParameters.Parameter("database", database));
        for (int i = 0; i < pairs.length; i += 2) {
            parameters.add(new StartupParameters.Parameter(pairs[i], pairs[i + 1]));
        }
        send(FrontendMessage.startup(version, parameters));
    }

    public void send(byte... bytes) throws IOException {
        out.write(bytes);
        out.flush();
    }

    /** Sends a typed message. */
    public void send(char type, byte[] body) throws IOException {
        java.nio.ByteBuffer message = java.nio.ByteBuffer.allocate(5 + body.length);
        send(message.put((byte) type).putInt(4 + body.length).put(body).array());
    }

    /** Sends a simple Query and reads to its ReadyForQuery. */
    public List<WireMessage> query(String sql) throws IOException {
        send(FrontendMessage.query(sql));
        return readUntil('Z');
    }

    /** Runs a query of one row and one column. @throws IllegalStateException with the server's messages when there is no row */
    public String value(String sql) throws IOException {
        List<WireMessage> answer = query(sql);
        return answer.stream()
                .filter(message -> message.type() == 'D')
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(sql + ": " + answer))
                .firstColumn();
    }

    /** Reads one message; null at the end of the stream, also when it ends with a reset. */
    public @Nullable WireMessage read() throws IOException {
        int type;
        try {
            type = in.read();
        } catch (java.net.SocketException e) {
            return null;
        }
        if (type < 0) {
            return null;
        }
        byte[] body = new byte[in.readInt() - 4];
        in.readFully(body);
        return new WireMessage((char) type, body);
    }

    /** Reads up to and including a message of this type. @throws EOFException with the messages read when the stream ends before */
    public List<WireMessage> readUntil(char type) throws IOException {
        List<WireMessage> messages = new ArrayList<>();
        while (true) {
            WireMessage message = read();
            if (message == null) {
                throw new EOFException("the stream ended before " + type + "; it had " + messages);
            }
            messages.add(message);
            if (message.type() == type) {
                return messages;
            }
        }
    }

    /** Reads up to and including ReadyForQuery, or to the end of the stream. */
    public List<WireMessage> readToReady() throws IOException {
        List<WireMessage> messages = new ArrayList<>();
        for (WireMessage message = read(); message != null; message = read()) {
            messages.add(message);
            if (message.type() == 'Z') {
                break;
            }
        }
        return messages;
    }

    /** Reads everything to the end of the stream. */
    public List<WireMessage> readAll() throws IOException {
        List<WireMessage> messages = new ArrayList<>();
        for (WireMessage message = read(); message != null; message = read()) {
            messages.add(message);
        }
        return messages;
    }

    /** Reads one raw byte, such as the answer to SSLRequest; -1 at the end of the stream. */
    public int readByte() throws IOException {
        return in.read();
    }

    /** Closes the sending direction only. */
    public void finishSending() throws IOException {
        socket.shutdownOutput();
    }

    /** Makes close send a reset, as from a process that crashed with unread data. */
    public void resetOnClose() throws IOException {
        socket.setSoLinger(true, 0);
    }

    public Socket socket() {
        return socket;
    }

    /** The body of a Parse of the unnamed statement. */
    public static byte[] parse(String sql) {
        return concat(new byte[1], text(sql), new byte[2]);
    }

    /** Concatenates these bytes. */
    public static byte[] concat(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    /** A string as the protocol has it, null-terminated. */
    public static byte[] text(String value) {
        return (value + "\0").getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
