package dev.pgproxy.common.config;

/**
 * How long a silent peer counts as alive.
 *
 * @param keepalive whether the kernel probes an idle connection
 * @param idleSeconds silence before the first probe
 * @param intervalSeconds pause between probes
 * @param probes unanswered probes before the connection is broken
 * @param userTimeoutMs how long sent bytes may stay unacknowledged; 0 leaves it to the kernel
 */
public record SocketTuning(boolean keepalive, int idleSeconds, int intervalSeconds, int probes, int userTimeoutMs) {}
