package dev.pgproxy.poolworker.bad.b;

import dev.pgproxy.poolworker.bad.a.First;

/** The other half of a cycle. */
public record Second(First first) {}
