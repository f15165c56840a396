package dev.pgproxy.common.channel;

import dev.pgproxy.common.io.DescriptorSocket;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.loop.Descriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Frames that wait to be sent, one after the other in one buffer, and the descriptors that go with them. */
final class Outbox {

    /** Capacity of the buffer when nothing waits; a larger one, made while the peer does not read, is released afterwards. */
    private static final int USUAL_BYTES = 4 * ControlFrame.MAX_FRAME_BYTES;

    /** A frame with descriptors or a task. Positions count from the first byte that was ever written. */
    private record Mark(
            long start,
            long end,
            List<OwnedFd> descriptors,
            @Nullable Runnable whenWritten) {}

    private final Protocol protocol;
    private final ControlFrame frames;
    private final int maxBytes;
    private final ArrayDeque<Mark> marks = new ArrayDeque<>();

    /** What waits lies between {@link #unsent} and the position. */
    private ByteBuffer buffer = ByteBuffer.allocateDirect(USUAL_BYTES);

    private int unsent;
    private long sentBytes;
    private boolean overflown;

    /** @param maxBytes that may wait; messages beyond it are dropped, and then {@link #isOverflown} is true */
    Outbox(Protocol protocol, ControlFrame frames, int maxBytes) {
        this.protocol = protocol;
        this.frames = frames;
        this.maxBytes = maxBytes;
    }

    /** Bytes that the socket has not taken. */
    int unsentBytes() {
        return buffer.position() - unsent;
    }

    boolean isEmpty() {
        return unsentBytes() == 0;
    }

    /** Whether a message was dropped because too many bytes wait. */
    boolean isOverflown() {
        return overflown;
    }

    /**
     * Adds a message, and takes over its descriptors.
     *
     * @param whenWritten runs once the whole frame is in the kernel
     * @throws ControlViolation when the message is too large for a frame; its descriptors are closed then
     */
    void add(ControlMessage message, @Nullable Runnable whenWritten) throws ControlViolation {
        if (overflown || unsentBytes() > maxBytes) {
            overflown = true;
            protocol.discard(message);
            return;
        }
        makeRoom();
        long start = sentBytes + unsentBytes();
        List<Descriptor> along;
        try {
            along = frames.encode(message, buffer);
        } catch (ControlViolation e) {
            protocol.discard(message);
            throw e;
        }
        if (!along.isEmpty() || whenWritten != null) {
            List<OwnedFd> own = new ArrayList<>(along.size());
            for (Descriptor each : along) {
                own.add(((OwnedFd) each).transfer());
            }
            marks.add(new Mark(start, sentBytes + unsentBytes(), own, whenWritten));
        }
    }

    private void makeRoom() {
        if (unsent > 0 && (isEmpty() || buffer.remaining() < ControlFrame.MAX_FRAME_BYTES)) {
            buffer.flip().position(unsent);
            buffer.compact();
            unsent = 0;
        }
        if (buffer.remaining() < ControlFrame.MAX_FRAME_BYTES) {
            buffer = ByteBuffer.allocateDirect(2 * buffer.capacity()).put(buffer.flip());
        }
    }

    /**
     * Writes once: up to the next frame with descriptors, or that frame.
     *
     * @return false when the socket is full
     */
    boolean writeSome(DescriptorSocket socket) throws IOException {
        @Nullable Mark next = nextWithDescriptors();
        if (next == null) {
            return write(socket, sentBytes + unsentBytes(), List.of());
        }
        if (next.start() > sentBytes) {
            return write(socket, next.start(), List.of());
        }
        boolean isWritten = write(socket, next.end(), next.descriptors());
        if (isWritten) {
            close(next);
        }
        return isWritten;
    }

    private boolean write(DescriptorSocket socket, long until, List<OwnedFd> descriptors) throws IOException {
        int end = buffer.position();
        buffer.limit(unsent + (int) (until - sentBytes)).position(unsent);
        int written;
        try {
            written = socket.write(buffer, descriptors);
        } finally {
            buffer.limit(buffer.capacity()).position(end);
        }
        unsent += written;
        sentBytes += written;
        tellWritten();
        shrink();
        return written > 0;
    }

    private @Nullable Mark nextWithDescriptors() {
        for (Mark mark : marks) {
            if (!mark.descriptors().isEmpty()) {
                return mark;
            }
        }
        return null;
    }

    private void tellWritten() {
        while (!marks.isEmpty() && marks.element().end() <= sentBytes) {
            Runnable whenWritten = marks.remove().whenWritten();
            if (whenWritten != null) {
                whenWritten.run();
            }
        }
    }

    private void shrink() {
        if (isEmpty() && buffer.capacity() > USUAL_BYTES) {
            buffer = ByteBuffer.allocateDirect(USUAL_BYTES);
            unsent = 0;
        }
    }

    private static void close(Mark mark) {
        mark.descriptors().forEach(OwnedFd::close);
        mark.descriptors().clear();
    }

    /** Sends nothing more, and closes the descriptors that wait. */
    void close() {
        marks.forEach(Outbox::close);
        marks.clear();
        buffer.position(unsent);
    }
}
