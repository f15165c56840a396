package dev.pgproxy.testkit.simulation;

import dev.pgproxy.common.channel.ControlViolation;
import dev.pgproxy.common.channel.Link;
import dev.pgproxy.common.channel.PermittedMessages;
import dev.pgproxy.common.channel.Protocol;
import dev.pgproxy.common.ipc.ControlMessage;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A link between two processes. A message belongs to its sender until the end of the sender's turn, or longer when
 * the socket is full. Then it belongs to the kernel, and arrives even if the sender dies.
 */
public final class SimulatedLink {

    private static final int LONGEST_FULL = 150;

    private final Random random;
    private final Protocol protocol;
    private final Watcher watcher;

    /** Sees the messages of both ends. */
    public interface Watcher {
        /** An end has sent this; its socket may be full for a while. */
        void said(ControlMessage message);

        /** This can no longer be lost, unless its receiver dies. */
        void underWay(ControlMessage message);
    }

    public SimulatedLink(Random random, Protocol protocol, Watcher watcher) {
        this.random = random;
        this.protocol = protocol;
        this.watcher = watcher;
    }

    /** Both ends: first that of the process that asked for the link, then that of the other one. */
    public List<End> connect(SimulatedProcess one, long onesPid, SimulatedProcess other, long othersPid) {
        End first = new End(one, othersPid, PermittedMessages.EXPECTING_WELCOME);
        End second = new End(other, onesPid, PermittedMessages.EXPECTING_HELLO);
        first.peer = second;
        second.peer = first;
        one.adopt(first);
        other.adopt(second);
        return List.of(first, second);
    }

    private record Unsent(ControlMessage message, @Nullable Runnable whenWritten) {}

    /** One end. */
    public final class End implements Link {
        private final SimulatedProcess process;
        private final long peersPid;
        private final ArrayDeque<Unsent> unsent = new ArrayDeque<>();
        private final ArrayDeque<ControlMessage> arrived = new ArrayDeque<>();
        private PermittedMessages permitted;
        private @Nullable End peer;
        private @Nullable Listener listener;
        private boolean flushPlanned;

        /** Turns for which the socket takes nothing more. */
        private int fullTurns;

        private boolean serving;
        private boolean closed;
        private boolean peerIsGone;

        private End(SimulatedProcess process, long peersPid, PermittedMessages permitted) {
            this.process = process;
            this.peersPid = peersPid;
            this.permitted = permitted;
        }

        public void listener(Listener newListener) {
            listener = newListener;
        }

        @Override
        public void agree(int version, PermittedMessages next) {
            permitted = next;
        }

        @Override
        public void send(ControlMessage message) {
            enqueue(message, null);
        }

        /** @param whenWritten runs once the kernel has the message */
        public void send(ControlMessage message, Runnable whenWritten) {
            enqueue(message, whenWritten);
        }

        public void sendAtOnce(ControlMessage message) {
            enqueue(message, null);
            while (!unsent.isEmpty()) {
                passOn(unsent.remove());
            }
        }

        private void enqueue(ControlMessage message, @Nullable Runnable whenWritten) {
            if (closed) {
                protocol.discard(message);
                return;
            }
            watcher.said(message);
            unsent.add(new Unsent(message, whenWritten));
            planFlush();
        }

        private void planFlush() {
            if (!flushPlanned) {
                flushPlanned = true;
                process.loop().atEndOfTick(this::flush);
            }
        }

        private void flush() {
            flushPlanned = false;
            while (!closed && !unsent.isEmpty()) {
                fullTurns = fullTurns > 0 ? fullTurns - 1 : random.nextInt(40) == 0 ? random.nextInt(LONGEST_FULL) : 0;
                if (fullTurns > 0 || random.nextInt(6) == 0) {
                    planFlush();
                    return;
                }
                passOn(unsent.remove());
            }
        }

        private void passOn(Unsent next) {
            End receiver = peer;
            if (receiver == null || receiver.closed) {
                protocol.discard(next.message());
                return;
            }
            watcher.underWay(next.message());
            receiver.arrived.add(next.message());
            if (next.whenWritten() != null) {
                next.whenWritten().run();
            }
        }

        @Override
        public boolean hasRoom() {
            return random.nextInt(10) > 0;
        }

        @Override
        public boolean isOf(long pid) {
            return pid == peersPid;
        }

        boolean isReady() {
            return !closed && (!arrived.isEmpty() || peerIsGone);
        }

        boolean hasUnsent() {
            return !closed && !unsent.isEmpty();
        }

        boolean isClosed() {
            return closed;
        }

        /** Delivers the next message, or the end. */
        void serve() {
            Listener heard = listener;
            if (heard == null) {
                return;
            }
            ControlMessage message = arrived.poll();
            if (message == null) {
                close();
                heard.onClosed("closed by the peer (simulated)", false);
                return;
            }
            try {
                permitted.check(message);
            } catch (ControlViolation e) {
                throw new IllegalStateException(e);
            }
            serving = true;
            try {
                heard.onMessage(message);
            } finally {
                serving = false;
            }
        }

        @Override
        public boolean hear() {
            if (serving) {
                return false;
            }
            while (isReady()) {
                serve();
            }
            return true;
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                End other = peer;
                if (other != null) {
                    other.peerIsGone = true;
                }
                List<ControlMessage> lost = new ArrayList<>(arrived);
                unsent.forEach(each -> lost.add(each.message()));
                arrived.clear();
                unsent.clear();
                lost.forEach(protocol::discard);
            }
        }
    }
}
