package dev.pgproxy.master.supervisor;

import dev.pgproxy.common.channel.Link;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ChildKind;
import java.io.IOException;
import java.util.function.Consumer;

/** Starts the children's processes and accepts their connections to the master: what the {@link Supervisor} needs of the system. */
public interface Processes {

    /** A process that was started. */
    interface Running {
        long pid();

        /** Valid once it has ended. */
        int exitStatus();

        /** Asks it to end. */
        void terminate();

        /** Kills it. */
        void kill();
    }

    /** A process that has connected. */
    @FunctionalInterface
    interface Arrival {
        /** Starts to receive its messages; must be called only once. */
        Link open(Link.Listener listener);
    }

    /**
     * Starts a child.
     *
     * @param whenExited run later on the loop's thread, once the process has ended
     * @throws IOException when no process could be started
     */
    Running start(ChildKind kind, int slot, ProxyConfig config, Runnable whenExited) throws IOException;

    /**
     * Accepts connections from children.
     *
     * @throws IOException when the configured control socket cannot be opened
     */
    void listen(ProxyConfig config, Consumer<Arrival> arrivals) throws IOException;

    /** Accepts no more connections. */
    void close() throws IOException;
}
