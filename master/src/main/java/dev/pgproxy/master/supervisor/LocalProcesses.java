package dev.pgproxy.master.supervisor;

import dev.pgproxy.common.channel.ControlChannel;
import dev.pgproxy.common.channel.PermittedMessages;
import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.io.ControlSockets;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.loop.EventLoop;
import java.io.File;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** JVMs on this host, which connect back over the control socket. */
public final class LocalProcesses implements Processes {

    private final EventLoop loop;
    private final EpollPoller poller;
    private final Protocol protocol;
    private ControlSockets.@Nullable Listener socket;

    public LocalProcesses(EventLoop loop, EpollPoller poller, Protocol protocol) {
        this.loop = loop;
        this.poller = poller;
        this.protocol = protocol;
    }

    private record Jvm(Process process) implements Running {
        @Override
        public long pid() {
            return process.pid();
        }

        @Override
        public int exitStatus() {
            return process.exitValue();
        }

        @Override
        public void terminate() {
            process.destroy();
        }

        @Override
        public void kill() {
            process.destroyForcibly();
        }
    }

    @Override
    public Running start(ChildKind kind, int slot, ProxyConfig config, Runnable whenExited) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(ChildCommand.of(kind, slot, config));
        builder.redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
        builder.redirectOutput(ProcessBuilder.Redirect.INHERIT).redirectError(ProcessBuilder.Redirect.INHERIT);
        Process process = builder.start();
        var unused = process.onExit().thenAccept(exited -> {
            try {
                loop.post(whenExited);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        return new Jvm(process);
    }

    @Override
    public void listen(ProxyConfig config, Consumer<Arrival> arrivals) throws IOException {
        socket = ControlSockets.listen(
                config.files().controlSocket(),
                loop,
                poller,
                connection -> arrivals.accept(listener ->
                        new ControlChannel(connection, loop, protocol, PermittedMessages.EXPECTING_HELLO, listener)));
    }

    /** Removes the control socket. */
    @Override
    public void close() throws IOException {
        if (socket != null) {
            socket.close();
        }
    }
}
