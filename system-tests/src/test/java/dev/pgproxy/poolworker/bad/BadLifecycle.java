package dev.pgproxy.poolworker.bad;

import java.nio.file.Path;

/** A decision that does I/O. */
public record BadLifecycle(Path file) {}
