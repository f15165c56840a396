package dev.pgproxy.master.supervisor;

import dev.pgproxy.common.channel.Link;
import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.ChildKind;
import java.io.IOException;
import java.util.function.Consumer;

/** Starts the children's processes, and lets them come back to the master: what the {@link Supervisor} needs of the system. */
public interface Processes {

    /** A process that was started. */
    interface Running {
        long pid();

        /** Once it has ended. */
        int exitStatus();

        /** Asks it to end. */
        void terminate();

        /** Ends it. */
        void kill();
    }

    /** A process that wants to talk. */
    @FunctionalInterface
    interface Arrival {
        /** Begins to listen to it; to be called once. */
        Link open(Link.Listener listener);
    }

    /**
     * Starts a child.
     *
     * @param whenExited run on the loop's thread, later, once the process has ended
     * @throws IOException when no process could be started
     */
    Running start(ChildKind kind, int slot, ProxyConfig config, Runnable whenExited) throws IOException;

    /**
     * Waits for children to come.
     *
     * @throws IOException when they cannot, where the configuration wants it
     */
    void listen(ProxyConfig config, Consumer<Arrival> arrivals) throws IOException;

    /** Waits for nobody any more. */
    void close() throws IOException;
}
