package dev.pgproxy.benchmarks.peer;

import dev.pgproxy.common.net.Endpoint;
import java.util.List;
import java.util.stream.Stream;

/** A way to the server that is measured, running: a pooler, a TCP proxy, or no proxy at all. */
public interface Peer extends AutoCloseable {

    /** Where clients connect. */
    Endpoint address();

    /** All processes that carry the clients' bytes or manage those that do; none for the direct way. */
    List<ProcessHandle> processes();

    /** Ends it, and removes everything that it left behind. */
    @Override
    void close();

    /** The server itself. */
    static Peer direct(Endpoint server) {
        return new Peer() {
            @Override
            public Endpoint address() {
                return server;
            }

            @Override
            public List<ProcessHandle> processes() {
                return List.of();
            }

            @Override
            public void close() {
                // The server belongs to the benchmark, not to this way to it.
            }
        };
    }

    /** A process and all that it started. */
    static List<ProcessHandle> family(ProcessHandle root) {
        return Stream.concat(Stream.of(root), root.descendants()).toList();
    }
}
