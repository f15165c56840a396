package dev.pgproxy.master.supervisor;

import dev.pgproxy.common.channel.Link;
import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.master.worker.Worker;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A child's slot, across all the processes that fill it in turn. */
public final class Child implements Worker {

    private final ChildKind kind;
    private final int slot;
    private final Protocol protocol;

    final Heartbeat heartbeat = new Heartbeat();
    ChildState state = ChildState.initial();

    Processes.@Nullable Running process;

    @Nullable
    Link channel;

    int starts;
    long loopDelayNs;
    long containedFaults;

    Child(ChildKind kind, int slot, Protocol protocol) {
        this.kind = kind;
        this.slot = slot;
        this.protocol = protocol;
    }

    @Override
    public ChildKind kind() {
        return kind;
    }

    @Override
    public int slot() {
        return slot;
    }

    @Override
    public String name() {
        return kind == ChildKind.POOL ? kind.label() + "-" + slot : kind.label();
    }

    /** 0 when there is no process. */
    @Override
    public long pid() {
        return process == null ? 0 : process.pid();
    }

    /** Its phase, such as starting, ready or stopping. */
    public String phase() {
        return state.phase().name().toLowerCase(Locale.ROOT);
    }

    /** When its process was started, by the loop's clock. */
    public long startedNs() {
        return state.startedNs();
    }

    /** How many processes this slot had before the current one. */
    public int restarts() {
        return Math.max(0, starts - 1);
    }

    /** The longest delay of its event loop, in nanoseconds, as it last reported. */
    public long loopDelayNs() {
        return loopDelayNs;
    }

    /** Faults that cost it one session or one task each, as it last reported. */
    public long containedFaults() {
        return containedFaults;
    }

    /** Without a channel the message is discarded; the registry's listeners are told that the child is gone. */
    @Override
    public void send(ControlMessage message) {
        if (channel != null) {
            channel.send(message);
        } else {
            protocol.discard(message);
        }
    }

    @Override
    public boolean hear() {
        return channel == null || channel.hear();
    }

    @Override
    public boolean hasRoom() {
        return channel == null || channel.hasRoom();
    }
}
