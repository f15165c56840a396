package dev.pgproxy.poolworker.login;

import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.Resumption;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.poolworker.backend.Backend;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a client wants of a backend beyond what its pool determines. */
public final class ClientSettings {

    private ClientSettings() {}

    /** The client's values of the parameters that do not split pools. */
    static Map<String, String> ignored(StartupPacket.Startup startup, PoolSettings settings) {
        Map<String, String> ignored = new HashMap<>();
        for (StartupParameters.Parameter parameter : startup.parameters().sorted()) {
            if (PoolKey.isIgnored(parameter, settings.ignoredParameters())) {
                ignored.put(parameter.name(), parameter.value());
            }
        }
        return ignored;
    }

    /** The values that a warm backend lacks, including what the client has set in a session that it has already. */
    static Map<String, String> changes(Backend warm, Map<String, String> ignored, @Nullable Resumption resumption) {
        Map<String, String> changes = ParameterSetting.changes(warm.identity().ignoredParameters(), ignored);
        if (resumption != null) {
            // What the client has set itself, in whatever spelling, overrides its startup packet.
            resumption.settings().keySet().forEach(name -> changes.keySet().removeIf(name::equalsIgnoreCase));
            changes.putAll(resumption.settings());
        }
        return changes;
    }
}
