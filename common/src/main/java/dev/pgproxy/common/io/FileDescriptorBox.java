package dev.pgproxy.common.io;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import org.newsclub.net.unix.AFUNIXSocketChannel;
import org.newsclub.net.unix.FileDescriptorCast;

/** junixsocket speaks {@link FileDescriptor} objects where we hold numbers; this is the bridge. */
final class FileDescriptorBox {

    private FileDescriptorBox() {}

    /** Sends the numbered descriptor with the socket's next write. junixsocket only reads the number; it closes nothing. */
    static void attach(AFUNIXSocketChannel socket, int number) throws IOException {
        FileDescriptor descriptor = FileDescriptorCast.unsafeUsing(number).as(FileDescriptor.class);
        socket.setOutboundFileDescriptors(descriptor);
    }

    /** Closes a received descriptor now, and so that no cleaner closes its number again later. */
    static void close(FileDescriptor received) throws IOException {
        new FileInputStream(received).close();
    }
}
