package dev.pgproxy.poolworker.bad.a;

import dev.pgproxy.poolworker.bad.b.Second;

/** One half of a cycle. */
public record First(Second second) {}
