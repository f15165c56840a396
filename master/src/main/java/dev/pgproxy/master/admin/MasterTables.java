package dev.pgproxy.master.admin;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.log.LogJournal;
import dev.pgproxy.common.log.LogSetup;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.view.View;
import dev.pgproxy.master.accept.PendingStartups;
import dev.pgproxy.master.failover.FailoverDesk;
import dev.pgproxy.master.routing.Dispatcher;
import dev.pgproxy.master.supervisor.Supervisor;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Gathers the master's own rows from its parts. */
public final class MasterTables implements OwnTables {

    /** How often the master's log lines and loop delay are collected: as often as children report theirs. */
    private static final long GATHER_PERIOD_MS = 1_000;

    private final EventLoop loop;
    private final Dispatcher dispatcher;
    private final PendingStartups startups;
    private final FailoverDesk failover;
    private final Supervisor supervisor;
    private final EventLog events;
    private final Supplier<ProxyConfig> config;
    private final int pid;
    private final Counters counters;
    private final long startedNs;
    private long loopDelayNs;

    /**
     * @param config the configuration in force
     * @param pid of this process
     */
    public MasterTables(
            EventLoop loop,
            Dispatcher dispatcher,
            PendingStartups startups,
            FailoverDesk failover,
            Supervisor supervisor,
            EventLog events,
            Supplier<ProxyConfig> config,
            Counters counters,
            int pid) {
        this.loop = loop;
        this.dispatcher = dispatcher;
        this.startups = startups;
        this.failover = failover;
        this.supervisor = supervisor;
        this.events = events;
        this.config = config;
        this.counters = counters;
        this.pid = pid;
        this.startedNs = loop.clock().nanoTime();
        loop.scheduler().everyMs(GATHER_PERIOD_MS, () -> {
            takeOwnEvents();
            loopDelayNs = loop.takeLongestDelayNs();
        });
    }

    private void takeOwnEvents() {
        LogSetup.journal().take(LogJournal.MAX_LINES).forEach(line -> events.add("master", line));
    }

    @Override
    public boolean refresh(Set<View> views) {
        if (!views.contains(View.SERVER)) {
            return false;
        }
        failover.probeIfStale(failover.servers());
        return failover.isProbing();
    }

    @Override
    public List<byte[]> rows(Set<View> views, long nowMicros) {
        MasterReport.Self self = new MasterReport.Self(pid, startedNs, loopDelayNs, startups.containedFaults());
        MasterReport report = new MasterReport(self, loop.clock().nanoTime(), nowMicros);
        report.clients(views, dispatcher.waitingClients());
        for (View view : views) {
            switch (view) {
                case PROCESS -> report.processes(supervisor.children());
                case SERVER -> report.servers(config.get(), dispatcher, failover);
                case CONFIG -> report.config(config.get().entries());
                case EVENT -> {
                    takeOwnEvents();
                    report.events(events);
                }
                case COUNTER -> report.counters(counters);
                case CONNECTION, STARTUPMSG -> {} // Written above.
                case POOL, STATS -> {} // The master has no rows of these.
            }
        }
        return report.chunks();
    }
}
