package dev.pgproxy.benchmarks.load;

import dev.pgproxy.benchmarks.peer.Peer;
import dev.pgproxy.benchmarks.peer.PeerKind;
import java.util.function.Supplier;

/**
 * One peer under measurement.
 *
 * @param running the one that has been warmed up
 * @param another starts one more of the same kind, on another port, which the caller closes
 */
public record Subject(PeerKind kind, Peer running, Supplier<Peer> another) {}
