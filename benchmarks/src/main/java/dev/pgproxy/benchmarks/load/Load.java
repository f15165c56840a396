package dev.pgproxy.benchmarks.load;

import dev.pgproxy.benchmarks.peer.PeerKind;
import java.io.IOException;

/** Something that a peer is put under in each round, and the figures that this yields. */
public interface Load {

    /** What it does, for the progress of a run. */
    String title();

    /** Whether it can be put on this kind of peer. */
    default boolean suits(PeerKind kind) {
        return true;
    }

    /**
     * Puts the peer under the load once.
     *
     * @throws IOException when a connection of its own breaks
     */
    void run(Subject subject, Findings findings) throws IOException;
}
