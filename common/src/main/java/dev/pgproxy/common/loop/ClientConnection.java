package dev.pgproxy.common.loop;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A client's connection in the master: its input can be peeked at, and it can leave this process. */
public interface ClientConnection extends Transport {

    /**
     * Whether bytes wait to be read; none are consumed.
     *
     * @param scratch with room for a byte; its position does not change
     */
    boolean hasInput(ByteBuffer scratch) throws IOException;

    /**
     * A second descriptor of the same connection, for another process; the caller owns it.
     *
     * @throws IOException when no descriptor is left
     */
    Descriptor duplicate() throws IOException;
}
