package dev.pgproxy.common.io;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** Memory for an integer and its length, which calls take and fill; made for a few calls, since it costs more than one. */
final class OptionCell {

    private final ByteBuffer value = Libc.allocate(2 * Integer.BYTES).putInt(Integer.BYTES, Integer.BYTES);
    private final long address = Libc.address(value);

    /** An option that the system refuses stays at its default. */
    void set(OwnedFd fd, int level, int name, int option) {
        try {
            value.putInt(0, option);
            Libc.setsockopt(fd.number(), level, name, address, Integer.BYTES);
        } finally {
            Reference.reachabilityFence(value); // Nobody else keeps the memory.
        }
    }

    int get(OwnedFd fd, int level, int name) throws LibcException {
        if (Libc.getsockopt(fd.number(), level, name, address, address + Integer.BYTES) != 0) {
            throw LibcException.last("could not read a socket's state");
        }
        return value.getInt(0);
    }
}
