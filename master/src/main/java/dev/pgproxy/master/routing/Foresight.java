package dev.pgproxy.master.routing;

import dev.pgproxy.common.ipc.RoleFacts;
import dev.pgproxy.common.pool.PoolKey;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.master.role.RoleMemory;
import dev.pgproxy.master.worker.WorkerRegistry;
import org.jspecify.annotations.Nullable;

/**
 * Answers what a worker would ask about a new client's role, before it asks. The answer must not be older than any change of a role that
 * the client may know of: the worker through which it was made has told the master before anyone else, but the master may not have read
 * that yet. So all that workers have sent until now is read first.
 */
final class Foresight {

    private final RoleMemory roles;
    private final WorkerRegistry workers;

    Foresight(RoleMemory roles, WorkerRegistry workers) {
        this.roles = roles;
        this.workers = workers;
    }

    /**
     * What is known of the role of a client that has connected before the call; null when the worker has to ask.
     *
     * @param key of the client, which waits nowhere yet
     */
    @Nullable
    RoleFacts of(PoolKey key) {
        return facts(key) != null && workers.hearPoolWorkers() ? facts(key) : null;
    }

    private @Nullable RoleFacts facts(PoolKey key) {
        StartupParameters parameters = key.parameters();
        return roles.facts(key.server(), parameters.serverUser(), parameters.serverDatabase());
    }
}
