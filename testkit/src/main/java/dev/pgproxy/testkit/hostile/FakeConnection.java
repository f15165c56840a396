package dev.pgproxy.testkit.hostile;

import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupPacketDecoder;
import dev.pgproxy.testkit.process.Await;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** One connection that a {@link FakeServer} has accepted. */
public final class FakeConnection {

    private static final int READ_TIMEOUT_MS = (int) Await.PATIENCE.toMillis();
    private static final int PID = 4711;
    private static final byte[] SECRET = {1, 2, 3, 4};

    private final Socket socket;
    private final DataInputStream in;
    private final OutputStream out;

    FakeConnection(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(READ_TIMEOUT_MS);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(socket.getInputStream());
        out = socket.getOutputStream();
    }

    /** Reads the first packet that is not an encryption request; those are answered with N. */
    StartupPacket readStartup() throws IOException {
        while (true) {
            int length = in.readInt();
            byte[] packet = new byte[length];
            ByteBuffer.wrap(packet).putInt(length);
            in.readFully(packet, Integer.BYTES, length - Integer.BYTES);
            try {
                StartupPacket decoded = StartupPacketDecoder.decode(packet);
                if (decoded instanceof StartupPacket.Startup || decoded instanceof StartupPacket.CancelRequest) {
                    return decoded;
                }
            } catch (ProtocolViolation e) {
                throw new IOException("no startup packet", e);
            }
            out.write('N');
        }
    }

    /** Reads one message from the other side and returns its type. @throws EOFException when there is none */
    public char readMessage() throws IOException {
        int type = in.read();
        if (type < 0) {
            throw new EOFException("the other side has left");
        }
        in.readFully(new byte[in.readInt() - Integer.BYTES]);
        return (char) type;
    }

    /** Reads and discards until the other side leaves. */
    public void readToEnd() throws IOException {
        byte[] ignored = new byte[8_192];
        while (in.read(ignored) >= 0) {
            // to the end
        }
    }

    public void send(byte... bytes) throws IOException {
        out.write(bytes);
    }

    /** Sends a message of this type and body. */
    public void send(char type, byte... body) throws IOException {
        send(message(type, body));
    }

    /** Sends a type and a length that need not match what follows. */
    public void sendHeader(char type, int length) throws IOException {
        send(ByteBuffer.allocate(5).put((byte) type).putInt(length).array());
    }

    /** Sends an Authentication message with this code. */
    public void sendAuthentication(int code, byte... data) throws IOException {
        send('R', ByteBuffer.allocate(4 + data.length).putInt(code).put(data).array());
    }

    /** Lets the client in, as a server with trust authentication does. */
    public void letIn() throws IOException {
        send(BackendMessage.authenticationOk());
        send(BackendMessage.parameterStatus("server_version", "15.0"));
        send(BackendMessage.parameterStatus("client_encoding", "UTF8"));
        send(BackendMessage.backendKeyData(PID, SECRET));
        send(BackendMessage.readyForQueryIdle());
    }

    /** Sends repeatedly, until the other side closes or this many bytes have been sent. */
    public void sendEndlessly(Endless next, long mostBytes) throws IOException {
        long sent = 0;
        for (long i = 0; sent < mostBytes; i++) {
            byte[] bytes = next.bytes(i);
            send(bytes);
            sent += bytes.length;
        }
    }

    /** What is sent in each turn. */
    @FunctionalInterface
    public interface Endless {
        byte[] bytes(long turn);
    }

    /** A message of this type and body. */
    public static byte[] message(char type, byte... body) {
        return BackendMessage.wrap((byte) type, body);
    }

    /** A string as the protocol has it, null-terminated. */
    public static byte[] text(String text) {
        return (text + "\0").getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Makes close send a reset. */
    public void resetOnClose() throws IOException {
        socket.setSoLinger(true, 0);
    }
}
