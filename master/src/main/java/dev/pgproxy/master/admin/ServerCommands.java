package dev.pgproxy.master.admin;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.failover.SwitchoverDesk;
import dev.pgproxy.master.routing.Dispatcher;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The commands for servers: PAUSE, RESUME, RECONNECT, SWITCHOVER. */
final class ServerCommands {

    private final WorkerRegistry workers;
    private final Dispatcher dispatcher;
    private final SwitchoverDesk switchovers;
    private final Supplier<ProxyConfig> config;
    private final Answers answers;
    private final PauseDesk pauses;

    ServerCommands(
            EventLoop loop,
            WorkerRegistry workers,
            Dispatcher dispatcher,
            SwitchoverDesk switchovers,
            Supplier<ProxyConfig> config,
            Answers answers) {
        this.workers = workers;
        this.dispatcher = dispatcher;
        this.switchovers = switchovers;
        this.config = config;
        this.answers = answers;
        this.pauses = new PauseDesk(loop, dispatcher, this::reconnect, answers);
    }

    void pause(long id, String name) {
        Set<Endpoint> chosen = chosen(id, name);
        if (chosen.isEmpty()) {
            return;
        }
        chosen.forEach(dispatcher::pause);
        reconnect(chosen); // If the server is stopped next, no unused connection should delay that.
        Event.of("paused")
                .with("servers", list(chosen, ","))
                .message("an operator paused: new clients wait, for query_wait_timeout at most")
                .hint("RESUME in pg_proxy lets them continue.")
                .warn();
        pauses.await(id, chosen, config.get().adminDatabase().queryTimeout().toMillis());
    }

    void resume(long id, String name) {
        Set<Endpoint> chosen = chosen(id, name);
        if (chosen.isEmpty()) {
            return;
        }
        boolean any = chosen.stream().anyMatch(dispatcher::isPaused);
        chosen.forEach(dispatcher::resume);
        if (any) {
            Event.of("resumed").with("servers", list(chosen, ",")).warn();
        }
        answers.done(id, 0, any ? "" : "nothing was paused");
    }

    void reconnect(long id, String name) {
        Set<Endpoint> chosen = chosen(id, name);
        if (chosen.isEmpty()) {
            return;
        }
        reconnect(chosen);
        Event.of("reconnecting")
                .with("servers", list(chosen, ","))
                .message("an operator asked that no open connection be reused")
                .info();
        answers.done(id, 0, "");
    }

    /** Closes all open connections to these servers: idle ones now, the others when their client leaves. */
    private void reconnect(Set<Endpoint> chosen) {
        chosen.forEach(server -> workers.toPoolWorkers(new BackendMessages.Reconnect(server)));
    }

    /** The servers that a command is for; none if the name is unknown, which was answered with an error. */
    private Set<Endpoint> chosen(long id, String name) {
        Set<Endpoint> known = new LinkedHashSet<>(MasterReport.servers(config.get()));
        known.addAll(dispatcher.paused());
        if (name.isEmpty()) {
            return known;
        }
        Optional<Endpoint> named = named(name, known);
        if (named.isEmpty()) {
            answers.failed(
                    id,
                    SqlState.UNDEFINED_OBJECT,
                    "\"" + name + "\" is not a server of this proxy",
                    "Its servers are " + list(known, ", ") + "; without a name the command is for all of them.");
        }
        return named.map(Set::of).orElse(Set.of());
    }

    private static Optional<Endpoint> named(String name, Set<Endpoint> known) {
        return known.stream().filter(server -> isCalled(name, server)).findFirst();
    }

    private static boolean isCalled(String name, Endpoint server) {
        if (server instanceof Endpoint.Tcp) {
            return server.toString().equalsIgnoreCase(name);
        }
        try {
            return server.equals(Endpoint.parse(name)); // There are several ways to write one, and case counts.
        } catch (Endpoint.BadEndpointException e) {
            return false;
        }
    }

    private static String list(Set<Endpoint> servers, String separator) {
        return servers.stream().map(Endpoint::toString).collect(Collectors.joining(separator));
    }

    void switchover(long id, String name) {
        ProxyConfig inForce = config.get();
        Optional<Endpoint> target = named(name, MasterReport.servers(inForce));
        if (target.isEmpty()) {
            answers.failed(
                    id,
                    SqlState.UNDEFINED_OBJECT,
                    "\"" + name + "\" is not a server of this proxy",
                    "SELECT server FROM server WHERE role = 'standby' shows those that can be named.");
            return;
        }
        long timeoutMs = inForce.failover().switchoverTimeout().toMillis();
        answers.notice(
                id,
                "transactions on " + inForce.servers().primary() + " may end, for "
                        + TimeUnit.MILLISECONDS.toSeconds(timeoutMs)
                        + " s at most, and new ones wait; SWITCHOVER CANCEL calls it off");
        switchovers.begin(target.get(), timeoutMs, new SwitchoverDesk.ReplyListener() {
            @Override
            public void done() {
                answers.done(id, 0, "");
            }

            @Override
            public void failed(String problem) {
                Event.of("switchover_failed")
                        .with("server", target.get())
                        .message(problem)
                        .warn();
                answers.failed(
                        id,
                        SqlState.OBJECT_NOT_IN_PREREQUISITE_STATE,
                        "no switchover to " + target.get() + ": " + problem,
                        "SELECT * FROM server, and SELECT * FROM connection WHERE state <> 'idle', show what is in the way.");
            }
        });
    }

    void cancelSwitchover(long id) {
        String problem = switchovers.cancel();
        if (problem.isEmpty()) {
            answers.done(id, 0, "the switchover is called off; everything continues as before");
        } else {
            answers.failed(id, SqlState.OBJECT_NOT_IN_PREREQUISITE_STATE, "nothing was called off: " + problem, "");
        }
    }

    /** The operator no longer waits for this command's answer. */
    void abandon(long id) {
        pauses.abandon(id);
    }

    void abandonAll() {
        pauses.abandonAll();
    }
}
