package dev.pgproxy.common.ipc;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.log.ForPeople;

/** How the master looks after a child: the greeting, signs of life, its log, its end. */
public final class UpkeepMessages {

    private UpkeepMessages() {}

    /** The master's side. */
    public interface AtMaster<S> {
        void onPong(S child, Pong message);

        void onEventNoted(S child, EventNoted message);
    }

    /** Every child's side. */
    public interface AtChild {
        void onPing(Ping message);

        void onReopenLogs(ReopenLogs message);

        void onSetLogLevel(SetLogLevel message);

        void onShutdown(Shutdown message);
    }

    /** What a child sends. */
    public sealed interface FromChild extends ControlMessage.FromEveryChild {
        <S> void dispatchTo(AtMaster<S> desk, S child);

        @Override
        default <S> void dispatchTo(ControlMessage.MasterDesks<S> desks, S child) {
            dispatchTo(desks.upkeep(), child);
        }
    }

    /** What the master sends. */
    public sealed interface ToChild extends ControlMessage.ToEveryChild {}

    /**
     * A child's first message: which child it is, and which versions it speaks.
     *
     * @param oldest version of the protocol that it speaks
     * @param newest version that it speaks
     * @param layout fingerprint of all messages in its own code
     */
    public record Hello(int oldest, int newest, long layout, ChildKind kind, int slot, long pid)
            implements ControlMessage.Greeting {}

    /** The master's answer to {@link Hello}: after it, both sides speak this version. */
    public record Welcome(int version) implements ControlMessage.Greeting {}

    /**
     * The answer to {@link Ping}, with its number.
     *
     * @param loopDelayNs the longest time that anything may have waited for the child's loop since its last answer
     * @param containedFaults faults of pgproxy's own that cost one session or one task each, since the child's start
     */
    public record Pong(long sequence, long loopDelayNs, long containedFaults) implements FromChild {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S child) {
            desk.onPong(child, this);
        }
    }

    /** A line that the child has logged, for the table of events. The time is in microseconds since 1970. */
    public record EventNoted(
            long atMicros, String level, @ForPeople String line) implements FromChild {
        @Override
        public <S> void dispatchTo(AtMaster<S> desk, S child) {
            desk.onEventNoted(child, this);
        }
    }

    /** Asks for a sign of life. */
    public record Ping(long sequence) implements ToChild {
        @Override
        public void dispatchTo(AtChild child) {
            child.onPing(this);
        }
    }

    /** The log file was moved away; reopen it. */
    public record ReopenLogs() implements ToChild {
        @Override
        public void dispatchTo(AtChild child) {
            child.onReopenLogs(this);
        }
    }

    /** Log what is at least this severe. */
    public record SetLogLevel(ProxyConfig.LogLevel level) implements ToChild {
        @Override
        public void dispatchTo(AtChild child) {
            child.onSetLogLevel(this);
        }
    }

    /** End everything within this time and exit. */
    public record Shutdown(long graceMs) implements ToChild {
        @Override
        public void dispatchTo(AtChild child) {
            child.onShutdown(this);
        }
    }
}
