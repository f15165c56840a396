package dev.pgproxy.common.probe;

import dev.pgproxy.common.log.ForPeople;

/** What one probe of a server found. */
public sealed interface Observation {

    /** The server answered. */
    record Answered(ServerFacts facts) implements Observation {}

    /** @param problem in words, for the log */
    record Failed(FailureKind kind, @ForPeople String problem) implements Observation {}

    /** Whether this counts towards the server being dead. */
    default boolean countsAsDown() {
        return this instanceof Failed failed && failed.kind().countsAsDown();
    }
}
