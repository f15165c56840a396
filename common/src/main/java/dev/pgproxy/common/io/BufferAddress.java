package dev.pgproxy.common.io;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Addresses of direct buffers. It remembers the last one: a loop does nearly all its I/O through one buffer, and to ask the JVM for an
 * address costs an object and as much time as a short system call. For one thread.
 */
final class BufferAddress {

    private @Nullable ByteBuffer last;
    private long address;

    /** The address of the buffer's first byte; valid while the buffer is reachable. */
    @SuppressWarnings("ReferenceEquality") // Another buffer with the same bytes has another address.
    long of(ByteBuffer direct) {
        if (direct != last) {
            address = Libc.address(direct);
            last = direct;
        }
        return address;
    }
}
