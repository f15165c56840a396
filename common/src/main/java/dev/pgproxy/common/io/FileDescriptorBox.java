package dev.pgproxy.common.io;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.util.List;
import org.newsclub.net.unix.AFUNIXSocketChannel;
import org.newsclub.net.unix.FileDescriptorCast;

/** Bridges the {@link FileDescriptor} objects of junixsocket and the numbers that we hold. */
final class FileDescriptorBox {

    private FileDescriptorBox() {}

    /** Sends the descriptors with the socket's next write. junixsocket only reads the numbers; it closes nothing. */
    static void attach(AFUNIXSocketChannel socket, List<OwnedFd> descriptors) throws IOException {
        FileDescriptor[] boxes = new FileDescriptor[descriptors.size()];
        for (int i = 0; i < boxes.length; i++) {
            boxes[i] =
                    FileDescriptorCast.unsafeUsing(descriptors.get(i).number()).as(FileDescriptor.class);
        }
        socket.setOutboundFileDescriptors(boxes);
    }

    /** Closes a received descriptor now, in such a way that no cleaner closes its number again later. */
    static void close(FileDescriptor received) throws IOException {
        new FileInputStream(received).close();
    }
}
