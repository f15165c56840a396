package dev.pgproxy.common.io;

import dev.pgproxy.common.peer.Peer;
import java.nio.ByteBuffer;

/** Reads who is at the other end of a Unix socket: SO_PEERCRED in unix(7). For one thread. */
final class PeerCredentials {

    /** struct ucred: pid, uid, gid. */
    private static final int UCRED_BYTES = 3 * Integer.BYTES;

    private final ByteBuffer memory = Libc.allocate(UCRED_BYTES + Integer.BYTES);
    private final long address = Libc.address(memory);

    Peer.Unix of(OwnedFd fd) throws LibcException {
        memory.putInt(UCRED_BYTES, UCRED_BYTES);
        if (Libc.getsockopt(fd.number(), Libc.SOL_SOCKET, Libc.SO_PEERCRED, address, address + UCRED_BYTES) != 0) {
            throw LibcException.last("could not read who has connected");
        }
        return new Peer.Unix(memory.getInt(Integer.BYTES), memory.getInt(0));
    }
}
