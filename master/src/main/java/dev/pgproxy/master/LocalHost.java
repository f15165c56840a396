package dev.pgproxy.master;

import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.ProcessTuning;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.ClientConnection;
import dev.pgproxy.common.loop.Descriptor;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.master.accept.Listeners;
import dev.pgproxy.master.accept.PendingStartups;
import dev.pgproxy.master.failover.Background;
import dev.pgproxy.master.failover.BackgroundThread;
import dev.pgproxy.master.failover.StateFile;
import dev.pgproxy.master.failover.StateStore;
import dev.pgproxy.master.routing.OwnUser;
import dev.pgproxy.master.supervisor.LocalProcesses;
import dev.pgproxy.master.supervisor.Processes;
import java.io.IOException;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** This host: sockets, processes, files, the clock. */
final class LocalHost implements Host {

    private final EventLoop loop;
    private final EpollPoller poller;
    private final PidFile pidFile;
    private final Processes processes;
    private final StateFile stateFile;
    private final Background background = new BackgroundThread();
    private @Nullable Listeners listeners;

    LocalHost(EventLoop loop, EpollPoller poller, PidFile pidFile, Protocol protocol, ProxyConfig config) {
        this.loop = loop;
        this.poller = poller;
        this.pidFile = pidFile;
        this.processes = new LocalProcesses(loop, poller, protocol);
        this.stateFile = new StateFile(config.files().stateFile());
    }

    @Override
    public int pid() {
        return (int) ProcessHandle.current().pid();
    }

    @Override
    public OwnUser user() {
        return new OwnUser(System.getProperty("user.name", ""), ProcessTuning.userId());
    }

    @Override
    public InstantSource wallClock() {
        return InstantSource.system();
    }

    @Override
    public Processes processes() {
        return processes;
    }

    @Override
    public StateStore stateStore() {
        return stateFile;
    }

    @Override
    public Background background() {
        return background;
    }

    @Override
    public ClientConnection connection(Descriptor descriptor) {
        return SocketTransport.of(descriptor, poller);
    }

    @Override
    public void listen(ProxyConfig config, PendingStartups startups) throws IOException {
        Listeners opened = new Listeners(loop, poller, config.tuning(), startups);
        opened.open(config.listen(), config.unixSockets(), config.limits().listenBacklog())
                .forEach(address ->
                        Event.of("listening").with("address", address).info());
        listeners = opened;
    }

    @Override
    public void configure(ProxyConfig config) {
        if (listeners != null) {
            listeners.configure(config.tuning());
        }
    }

    @Override
    public void stopListening() {
        if (listeners != null) {
            listeners.close();
        }
    }

    @Override
    public void serving() {
        try {
            pidFile.writePid();
        } catch (IOException e) {
            Event.of("pid_file_failed")
                    .message(String.valueOf(e.getMessage()))
                    .hint("Free the disk; an init script that waits for the pid file does not see that pgproxy runs.")
                    .error();
        }
    }
}
