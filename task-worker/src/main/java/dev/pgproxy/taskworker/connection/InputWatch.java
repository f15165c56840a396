package dev.pgproxy.taskworker.connection;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** Lets a thread wait for something that a server sends unasked, or for another thread. Costs nothing while it waits. */
public final class InputWatch implements AutoCloseable {

    private final Selector selector;

    /** @throws UncheckedIOException when no descriptor is left */
    public InputWatch() {
        try {
            selector = Selector.open();
        } catch (IOException e) {
            throw new UncheckedIOException("could not create a selector", e);
        }
    }

    /**
     * Waits until something arrives, the connection ends, or {@link #wakeUp} is called; it may have been before.
     *
     * @param channel of a connection that nobody reads from meanwhile
     * @return whether something has arrived, or the connection has ended
     * @throws IOException when the channel is closed
     */
    public boolean await(SocketChannel channel) throws IOException {
        boolean blocks = channel.isBlocking();
        channel.configureBlocking(false);
        try {
            SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
            selector.select();
            boolean hasInput = key.isReadable();
            key.cancel();
            selector.selectNow(); // Only now the channel may block again.
            return hasInput;
        } finally {
            channel.configureBlocking(blocks);
        }
    }

    /** Ends the wait of another thread, or else its next one. */
    public void wakeUp() {
        selector.wakeup();
    }

    @Override
    public void close() {
        try {
            selector.close();
        } catch (IOException e) {
            throw new UncheckedIOException("could not close a selector", e);
        }
    }
}
