package dev.pgproxy.common.loop;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Closes connections so that the last words arrive: writes them, shuts down the output, and reads and discards until the peer closes too.
 * Closing at once would make the kernel send a reset when the peer's bytes are still unread, and a reset throws away what the peer has not
 * read yet. Every connection is bounded in time and in what it may still send.
 */
public final class LingeringClose {

    /** How long a peer may take to read the last words and to close. */
    private static final long LINGER_MS = 3_000;

    /** What a peer may send meanwhile; one that sends more is not listening. */
    private static final long MAX_DISCARDED_BYTES = 64L * 1024 * 1024;

    /** Connections that may linger at once; any more get their last words if they fit, and are closed. */
    private static final int MAX_OPEN = 1_024;

    private static final int SCRATCH_BYTES = 64 * 1024;

    private final Scheduler scheduler;
    private final ByteBuffer scratch = ByteBuffer.allocateDirect(SCRATCH_BYTES);
    private final Set<Parting> open = new LinkedHashSet<>();

    public LingeringClose(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** Takes over the transport, sends these bytes and closes it. */
    public void close(Transport transport, byte[] lastWords) {
        Parting parting = new Parting(transport, lastWords);
        open.add(parting);
        if (open.size() > MAX_OPEN) {
            parting.sayAndEnd();
            return;
        }
        transport.onReady(parting::ready);
        parting.advance();
    }

    /** How many connections still linger. */
    public int count() {
        return open.size();
    }

    private final class Parting {
        private final Transport transport;
        private final ByteBuffer lastWords;
        private final Scheduler.Timer timer;
        private long discardedBytes;
        private boolean outputShut;
        private boolean peerIsDone;

        private Parting(Transport transport, byte[] bytes) {
            this.transport = transport;
            lastWords = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
            timer = scheduler.afterMs(LINGER_MS, this::end);
        }

        private void ready(int ready) {
            advance();
        }

        private void advance() {
            try {
                if (lastWords.hasRemaining()) {
                    transport.write(lastWords);
                }
                if (!lastWords.hasRemaining() && !outputShut) {
                    outputShut = true;
                    transport.shutdownOutput();
                }
                scratch.clear();
                int count = peerIsDone ? 0 : transport.read(scratch);
                peerIsDone |= count < 0;
                discardedBytes += Math.max(0, count);
                if ((peerIsDone && !lastWords.hasRemaining()) || discardedBytes > MAX_DISCARDED_BYTES) {
                    end();
                } else {
                    int reads = peerIsDone ? Interest.RESET : Interest.READ; // The peer may still be reading.
                    transport.interest(lastWords.hasRemaining() ? reads | Interest.WRITE : reads);
                }
            } catch (IOException e) {
                end(); // The peer broke the connection and cannot get the rest.
            }
        }

        private void sayAndEnd() {
            try {
                transport.write(lastWords);
            } catch (IOException e) {
                // The peer cannot get them; the connection is closed all the same.
                end();
                return;
            }
            end();
        }

        private void end() {
            if (open.remove(this)) {
                timer.cancel();
                transport.close();
            }
        }
    }
}
