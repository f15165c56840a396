package dev.pgproxy.poolworker;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.ReadyHandler;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.poolworker.backend.Connector;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Servers that send what a test tells them to, and nothing else. */
public final class PlayedServers implements Connector {

    /** What a server's name resolves to, unless the test says otherwise. */
    public static final Endpoint ADDRESS = new Endpoint.Tcp("10.0.0.1", 5432);

    /** All connections in the order in which they were begun. */
    public final List<Connection> connections = new ArrayList<>();

    @Override
    public Attempt connect(Endpoint server, SocketTuning tuning, Handler handler) {
        Connection connection = new Connection(handler);
        connections.add(connection);
        return () -> connection.isCancelled = true;
    }

    public Connection last() {
        return connections.get(connections.size() - 1);
    }

    /** One connection, as the server has it. */
    public static final class Connection implements Transport {
        private final Handler handler;
        private final ByteArrayOutputStream heard = new ByteArrayOutputStream();
        private @Nullable ReadyHandler ready;
        private byte[] unread = {};
        private boolean ended;
        public boolean isCancelled;
        public boolean isOpen = true;

        private Connection(Handler handler) {
            this.handler = handler;
        }

        public void accept() {
            accept(ADDRESS);
        }

        public void accept(Endpoint address) {
            handler.connected(this, address);
        }

        public void refuse() {
            isOpen = false;
            handler.failed("Connection refused");
        }

        /** Completes the login without asking for a password. */
        public void letIn() {
            say(
                    BackendMessage.authenticationOk(),
                    BackendMessage.parameterStatus("server_version", "18.0"),
                    BackendMessage.backendKeyData(4_711, new byte[] {1, 2, 3, 4}),
                    BackendMessage.readyForQueryIdle());
        }

        /** Answers a reset and the question after it: nothing of the former client is left. */
        public void isAsNew() {
            answer("DISCARD ALL");
            say(row("", "0"));
            answer("SELECT 1");
        }

        public void answer(String tag) {
            say(complete(tag), BackendMessage.readyForQueryIdle());
        }

        public void say(byte[]... messages) {
            sayUnnoticed(messages);
            ready();
        }

        /** Sends these messages, and the poller has not said so yet. */
        public void sayUnnoticed(byte[]... messages) {
            for (byte[] message : messages) {
                int before = unread.length;
                unread = Arrays.copyOf(unread, before + message.length);
                System.arraycopy(message, 0, unread, before, message.length);
            }
        }

        public void end() {
            endUnnoticed();
            ready();
        }

        /** Ends, and the poller has not said so yet. */
        public void endUnnoticed() {
            ended = true;
        }

        private void ready() {
            if (ready != null && isOpen) {
                ready.ready(Interest.READ);
            }
        }

        /** What it has received since the last call. */
        public String heard() {
            String words = heard.toString(StandardCharsets.ISO_8859_1);
            heard.reset();
            return words;
        }

        @Override
        public int read(ByteBuffer into) {
            int count = Math.min(unread.length, into.remaining());
            into.put(unread, 0, count);
            unread = Arrays.copyOfRange(unread, count, unread.length);
            return count == 0 && ended ? -1 : count;
        }

        @Override
        public int write(ByteBuffer from) {
            byte[] bytes = new byte[from.remaining()];
            from.get(bytes);
            heard.writeBytes(bytes);
            return bytes.length;
        }

        @Override
        public void finishConnect() {}

        @Override
        public void onReady(ReadyHandler handler) {
            ready = handler;
        }

        @Override
        public void interest(int interest) {}

        @Override
        public void shutdownOutput() {}

        @Override
        public void close() {
            isOpen = false;
        }
    }

    public static byte[] complete(String tag) {
        return BackendMessage.wrap(BackendMessage.COMMAND_COMPLETE, (tag + "\0").getBytes(StandardCharsets.US_ASCII));
    }

    public static byte[] row(String... values) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(
                ByteBuffer.allocate(Short.BYTES).putShort((short) values.length).array());
        for (String value : values) {
            body.writeBytes(
                    ByteBuffer.allocate(Integer.BYTES).putInt(value.length()).array());
            body.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
        }
        return BackendMessage.wrap(BackendMessage.DATA_ROW, body.toByteArray());
    }
}
