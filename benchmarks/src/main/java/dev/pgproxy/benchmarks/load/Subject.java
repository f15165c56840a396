package dev.pgproxy.benchmarks.load;

import dev.pgproxy.benchmarks.peer.Peer;
import dev.pgproxy.benchmarks.peer.PeerKind;

/**
 * One peer under measurement.
 *
 * @param running it stays so in all rounds, so that it is warm
 */
public record Subject(PeerKind kind, Peer running) {}
