package dev.pgproxy.taskworker.connection;

import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The attempts to connect that are under way, at most one for each thread that uses the driver. pgjdbc makes socket factories by the name of
 * their class and hands them nothing but a text, knows only hosts and ports, and gives its sockets to nobody: so a factory and its user meet
 * here, by a number.
 */
final class ConnectAttempts {

    /** Those of this process. */
    static final ConnectAttempts PROCESS = new ConnectAttempts();

    private final Map<String, Attempt> attempts = new ConcurrentHashMap<>();
    private final AtomicLong next = new AtomicLong();

    private ConnectAttempts() {}

    /** One attempt, on whichever thread the driver makes it; to be closed when it is over. */
    final class Attempt implements AutoCloseable {

        private final String number = Long.toString(next.getAndIncrement());
        private final Endpoint server;
        private volatile @Nullable Socket last;

        private Attempt(Endpoint server) {
            this.server = server;
            attempts.put(number, this);
        }

        String number() {
            return number;
        }

        /** The channel of the attempt's last socket; null before there is one. */
        @Nullable
        SocketChannel channel() {
            Socket socket = last;
            return socket == null ? null : socket.getChannel();
        }

        @Override
        public void close() {
            attempts.remove(number);
        }
    }

    Attempt begin(Endpoint server) {
        return new Attempt(server);
    }

    /**
     * A socket for this attempt, which the caller owns.
     *
     * @throws SocketException when the attempt is over, so that nobody waits for it
     */
    Socket socket(String number) throws IOException {
        Attempt attempt = attempts.get(number);
        if (attempt == null) {
            throw new SocketException("the attempt to connect is over");
        }
        Socket socket = ServerSockets.unconnected(attempt.server);
        attempt.last = socket;
        return socket;
    }
}
