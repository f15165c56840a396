package dev.pgproxy.master.admin;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.master.accept.ClientMemory;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.master.role.RoleMemory;
import dev.pgproxy.master.routing.Dispatcher;
import dev.pgproxy.master.routing.OwnUser;
import dev.pgproxy.master.worker.WorkerRegistry;

/** A dispatcher that operators act on, and to which no client comes back. */
final class PlayedDispatcher {

    private static final long MAX_WORKER_LOAD = 1_000;

    private PlayedDispatcher() {}

    static Dispatcher of(EventLoop loop, ProxyConfig config, WorkerRegistry workers) {
        Counters counters = new Counters();
        return new Dispatcher(
                loop,
                config,
                new Refusals(loop.clock(), new LingeringClose(loop.scheduler()), counters),
                new ClientMemory(loop.clock(), Long.MAX_VALUE / 2),
                workers,
                new RoleMemory(loop.clock(), 0),
                new OwnUser("pgproxy", 1),
                descriptor -> {
                    throw new IllegalStateException("no client comes back here");
                },
                MAX_WORKER_LOAD,
                server -> {},
                counters);
    }
}
