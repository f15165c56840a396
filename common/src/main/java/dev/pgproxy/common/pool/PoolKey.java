package dev.pgproxy.common.protocol;

import dev.pgproxy.common.config.ServerAddress;

/**
 * What two clients must have in common to use one backend after another.
 *
 * @param server where the backend is connected to
 * @param protocolVersion as the client asked for it, major in the upper 16 bits
 * @param parameters everything that the startup packet set; RESET goes back to these, so they are part of a session's identity
 */
public record PoolKey(ServerAddress server, int protocolVersion, StartupParameters parameters) {}
