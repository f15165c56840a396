package dev.pgproxy.taskworker.cancel;

import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.common.protocol.FrontendMessage;
import dev.pgproxy.taskworker.connection.ServerSockets;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.util.concurrent.TimeUnit;

/** Sends one CancelRequest. Protocol: "Canceling Requests in Progress". */
public final class CancelSender {

    private CancelSender() {}

    /**
     * Connects, sends the request and waits until the server closes the connection, which it does once the signal is sent. Blocks.
     *
     * @param deadlineNs bound on all of it together, by {@link System#nanoTime}
     * @throws IOException when the server cannot be reached or does not close in time; the cancel may have worked nevertheless
     */
    public static void send(Endpoint server, int pid, byte[] key, long deadlineNs) throws IOException {
        int mostMs = leftMs(deadlineNs);
        try (Socket socket = ServerSockets.unconnected(server)) {
            ServerSockets.connect(socket, server, mostMs);
            socket.getOutputStream().write(FrontendMessage.cancelRequest(pid, key));
            InputStream in = socket.getInputStream();
            do {
                socket.setSoTimeout(leftMs(deadlineNs));
            } while (in.read() >= 0);
        }
    }

    private static int leftMs(long deadlineNs) throws IOException {
        long left = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
        if (left <= 0) {
            throw new IOException("the server did not close the cancel connection in time");
        }
        return (int) Math.min(Integer.MAX_VALUE, left);
    }
}
