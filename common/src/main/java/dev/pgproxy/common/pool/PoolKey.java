package dev.pgproxy.common.pool;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import java.util.ArrayList;
import java.util.List;

/**
 * What two clients must have in common to use one backend after another.
 *
 * @param server that the backend is connected to
 * @param protocolVersion as the client asked for it, major in the upper 16 bits
 * @param parameters what the startup packet set; RESET returns to these, so they are part of a session's identity. Those
 *     that may differ are left out
 */
public record PoolKey(Endpoint server, int protocolVersion, StartupParameters parameters) {

    /** A server may change or refuse longer values and non-ASCII ones, so these split pools. */
    private static final int LONGEST_IGNORED_VALUE = 63;

    /** @param ignored names of parameters in which clients of one pool may differ */
    public static PoolKey of(Endpoint server, StartupPacket.Startup startup, List<String> ignored) {
        List<StartupParameters.Parameter> relevant = new ArrayList<>();
        for (StartupParameters.Parameter parameter : startup.parameters().sorted()) {
            if (!isIgnored(parameter, ignored)) {
                relevant.add(parameter);
            } else if (!parameter.name().equals(StartupParameters.APPLICATION_NAME)) {
                // Its default cannot be known, so clients that set it are kept apart from those that do not.
                relevant.add(new StartupParameters.Parameter(parameter.name(), ""));
            }
        }
        StartupParameters parameters = new StartupParameters(relevant);
        return new PoolKey(
                server,
                startup.protocolVersion(),
                parameters.equals(startup.parameters()) ? startup.parameters() : parameters);
    }

    /** Whether this parameter does not split pools. */
    public static boolean isIgnored(StartupParameters.Parameter parameter, List<String> ignored) {
        String value = parameter.value();
        return ignored.contains(parameter.name())
                && value.length() <= LONGEST_IGNORED_VALUE
                && value.chars().allMatch(character -> character >= ' ' && character <= '~');
    }
}
