package dev.pgproxy.common.loop;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * One end of a non-blocking byte stream. It owns its descriptor: {@link #close} gives it back, once, and is idempotent.
 * All calls are made on the loop's thread.
 */
public interface Transport {

    /**
     * Reads once into the buffer's remaining space.
     *
     * @return bytes read, 0 when there is nothing now, -1 at end of stream
     * @throws IOException when the connection is broken
     */
    int read(ByteBuffer into) throws IOException;

    /**
     * Writes once from the buffer's remaining bytes.
     *
     * @return bytes that were taken, 0 when none can be taken now
     * @throws IOException when the connection is broken
     */
    int write(ByteBuffer from) throws IOException;

    /**
     * Completes a non-blocking connect after the transport has become writable.
     *
     * @throws IOException with the reason if the connection could not be made
     */
    void finishConnect() throws IOException;

    /** Sets the handler that is called when the transport is ready. */
    void onReady(ReadyHandler handler);

    /** Sets what to wait for, as bits of {@link Interest}; costs nothing when it is unchanged. */
    void interest(int interest);

    /** Tells the peer that nothing more will be written; errors are ignored, since the next read reports them. */
    void shutdownOutput();

    /** Hands the connection over to the caller, which then owns it; this transport is closed afterwards. */
    default Descriptor release() {
        throw new UnsupportedOperationException("there is no connection that could leave");
    }

    /** Closes the connection. Nothing is called back afterwards. */
    void close();
}
