package dev.pgproxy.taskworker.connection;

import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The attempts to connect that are under way, at most one for each thread that uses the driver. pgjdbc makes socket factories by the name of
 * their class and hands them nothing but a text, and it gives its sockets to nobody: so the two meet here, by a number.
 */
final class ConnectAttempts {

    /** Those of this process. */
    static final ConnectAttempts PROCESS = new ConnectAttempts();

    private final Map<String, AtomicReference<@Nullable SocketChannel>> channels = new ConcurrentHashMap<>();
    private final AtomicLong next = new AtomicLong();

    private ConnectAttempts() {}

    /** One attempt, on whichever thread the driver makes it; to be closed when it is over. */
    final class Attempt implements AutoCloseable {

        private final String number = Long.toString(next.getAndIncrement());
        private final AtomicReference<@Nullable SocketChannel> channel = new AtomicReference<>();

        private Attempt() {
            channels.put(number, channel);
        }

        String number() {
            return number;
        }

        /** The channel of the attempt's last socket; null before there is one. */
        @Nullable
        SocketChannel channel() {
            return channel.get();
        }

        @Override
        public void close() {
            channels.remove(number);
        }
    }

    Attempt begin() {
        return new Attempt();
    }

    /** A factory has made a socket for this attempt; one that is over needs none any more. */
    void made(String attempt, SocketChannel channel) {
        AtomicReference<@Nullable SocketChannel> awaited = channels.get(attempt);
        if (awaited != null) {
            awaited.set(channel);
        }
    }
}
