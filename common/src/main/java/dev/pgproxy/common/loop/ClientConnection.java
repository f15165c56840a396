package dev.pgproxy.common.loop;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A client's connection as the master has it: it can be looked into, and it can leave this process. */
public interface ClientConnection extends Transport {

    /**
     * Whether bytes wait to be read; none are taken.
     *
     * @param scratch with room for a byte; its position stays
     */
    boolean hasInput(ByteBuffer scratch) throws IOException;

    /**
     * A second descriptor of the same connection, for another process; the caller owns it.
     *
     * @throws IOException when no descriptor is left
     */
    Descriptor duplicate() throws IOException;
}
