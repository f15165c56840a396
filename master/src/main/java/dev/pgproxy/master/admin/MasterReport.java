package dev.pgproxy.master.admin;

import dev.pgproxy.common.config.ConfigEntry;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.io.ProcessFacts;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.probe.Observation;
import dev.pgproxy.common.probe.ServerFacts;
import dev.pgproxy.common.protocol.StartupParameters;
import dev.pgproxy.common.view.RowWriter;
import dev.pgproxy.common.view.View;
import dev.pgproxy.master.failover.FailoverDesk;
import dev.pgproxy.master.failover.ServerView;
import dev.pgproxy.master.routing.Dispatcher;
import dev.pgproxy.master.routing.WaitingClient;
import dev.pgproxy.master.supervisor.Child;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Rows of what the master knows at one moment. Figures that follow from the rows of other processes are left to the admin-worker. */
final class MasterReport {

    private static final long NS_PER_MICRO = 1_000;
    private static final double NS_PER_SECOND = 1e9;
    private static final double NS_PER_MS = 1e6;

    /** The master itself, as a row of the table process. */
    record Self(int pid, long startedNs, long loopDelayNs, long containedFaults) {}

    private final Self self;
    private final long nowNs;
    private final long nowMicros;
    private final List<byte[]> chunks = new ArrayList<>();

    /** @param nowMicros the moment {@code nowNs} in microseconds since 1970 */
    MasterReport(Self self, long nowNs, long nowMicros) {
        this.self = self;
        this.nowNs = nowNs;
        this.nowMicros = nowMicros;
    }

    List<byte[]> chunks() {
        return chunks;
    }

    private void table(View view, Consumer<RowWriter> rows) {
        RowWriter out = new RowWriter(view);
        rows.accept(out);
        chunks.addAll(out.chunks());
    }

    private long micros(long ns) {
        return nowMicros - (nowNs - ns) / NS_PER_MICRO;
    }

    /** Clients that no worker has yet. */
    void clients(Set<View> views, Collection<WaitingClient> clients) {
        if (views.contains(View.CONNECTION)) {
            table(View.CONNECTION, out -> clients.forEach(client -> connection(out, client)));
        }
        if (views.contains(View.STARTUPMSG)) {
            table(
                    View.STARTUPMSG,
                    out -> clients.forEach(client -> out.int4(self.pid())
                            .int8(client.id())
                            .bool(false)
                            .longText(client.parameters().describe())
                            .endRow()));
        }
    }

    private void connection(RowWriter out, WaitingClient client) {
        StartupParameters parameters = client.parameters();
        out.int4(self.pid()).int8(client.id());
        out.text(client.peer().address()).int4(client.peer().port());
        out.nothing().nothing();
        out.text(StartupParameters.display(parameters.user()));
        out.text(StartupParameters.display(parameters.database()));
        out.timestamptz(micros(client.sinceNs())).int8(0);
        out.text(client.state())
                .float8((nowNs - client.sinceNs()) / NS_PER_SECOND)
                .int8(client.id());
        out.text(client.key().server().toString()).nothing();
        out.textOrNull(parameters
                .value(StartupParameters.APPLICATION_NAME)
                .map(StartupParameters::display)
                .orElse(null));
        out.text(client.key().parameters().describeOthers()).text(client.waitsFor());
        out.timestamptz(micros(client.sinceNs()));
        out.int8(0).int8(0).int8(0).int8(0).float8(0);
        out.endRow();
    }

    void counters(Counters counters) {
        table(View.COUNTER, out -> counters.write(out, self.pid()));
    }

    void processes(List<Child> children) {
        table(View.PROCESS, out -> {
            out.int4(self.pid())
                    .int4(0)
                    .int4(0)
                    .int4(0)
                    .text("master")
                    .nothing()
                    .text("ready");
            process(out, self.pid(), self.startedNs(), 0, self.loopDelayNs());
            out.int8(self.containedFaults()).endRow();
            for (Child child : children) {
                if (child.pid() > 0) {
                    out.int4((int) child.pid()).int4(0).int4(0).int4(0);
                    out.text(child.kind().label()).int4(child.slot()).text(child.phase());
                    process(out, child.pid(), child.startedNs(), child.restarts(), child.loopDelayNs());
                    out.int8(child.containedFaults()).endRow();
                }
            }
        });
    }

    private void process(RowWriter out, long pid, long startedNs, int restarts, long loopDelayNs) {
        out.timestamptz(micros(startedNs)).float8((nowNs - startedNs) / NS_PER_SECOND);
        out.int4(restarts)
                .int8(ProcessFacts.residentBytes(pid))
                .int4(ProcessFacts.openDescriptors(pid))
                .float8(loopDelayNs / NS_PER_MS);
    }

    /** The servers that the configuration names. */
    static Set<Endpoint> servers(ProxyConfig config) {
        Set<Endpoint> servers = new LinkedHashSet<>();
        servers.add(config.servers().primary());
        config.servers().promote().ifPresent(servers::add);
        servers.addAll(config.servers().standbys());
        return servers;
    }

    void servers(ProxyConfig config, Dispatcher dispatcher, FailoverDesk failover) {
        table(View.SERVER, out -> {
            for (Endpoint server : failover.servers()) {
                out.text(server.toString()).int4(0).int4(0).int4(0).int4(0);
                out.int4(config.limits().serverConnections());
                server(out, failover.view(server), dispatcher.isPaused(server));
            }
        });
    }

    private void server(RowWriter out, ServerView view, boolean paused) {
        Observation last = view.last();
        ServerFacts facts = last instanceof Observation.Answered answered ? answered.facts() : null;
        out.text(view.role());
        if (facts != null) {
            out.bool(true).bool(facts.inRecovery());
            if (facts.lagSeconds() >= 0) {
                out.float8(facts.lagSeconds());
            } else {
                out.nothing();
            }
        } else if (last instanceof Observation.Failed failed) {
            // A server that refuses is up: it may be full, be starting, or not know conninfo.user.
            out.bool(!failed.kind().countsAsDown()).nothing().nothing();
        } else {
            out.nothing().nothing().nothing();
        }
        out.bool(paused).textOrNull(view.problem());
        if (last != null) {
            out.timestamptz(micros(view.atNs()));
        } else {
            out.nothing();
        }
        out.bool(view.isPromote());
        if (view.isPrimary()) {
            out.nothing().nothing();
        } else {
            out.bool(view.notPromotable() == null).textOrNull(view.notPromotable());
        }
        if (facts != null) {
            out.int4(facts.timeline()).text(ServerFacts.lsn(facts.writtenLsn()));
        } else {
            out.nothing().nothing();
        }
        if (view.lagBytes() >= 0) {
            out.int8(view.lagBytes());
        } else {
            out.nothing();
        }
        out.textOrNull(view.upstream());
        if (view.warning() != null) {
            out.longText(view.warning());
        } else {
            out.nothing();
        }
        out.endRow();
    }

    void config(List<ConfigEntry> entries) {
        table(View.CONFIG, out -> {
            for (ConfigEntry entry : entries) {
                out.text(entry.key()).text(entry.shownValue()).text(entry.shownDefault());
                if (entry.line() > 0) {
                    out.int4(entry.line());
                } else {
                    out.nothing();
                }
                out.bool(entry.isReloadable()).endRow();
            }
        });
    }

    void events(EventLog events) {
        table(View.EVENT, events::write);
    }
}
