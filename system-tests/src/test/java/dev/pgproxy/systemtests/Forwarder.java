package dev.pgproxy.systemtests;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Forwards connections to a server that listens elsewhere, so that two servers can have the same port. */
final class Forwarder implements AutoCloseable {

    private final ServerSocket listener;
    private final InetSocketAddress target;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();

    private Forwarder(ServerSocket listener, int targetPort) {
        this.listener = listener;
        this.target = new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort);
        start(this::accept);
    }

    /** @param port 0 for any free one */
    static Forwarder start(String address, int port, int targetPort) throws IOException {
        return new Forwarder(new ServerSocket(port, 50, InetAddress.getByName(address)), targetPort);
    }

    int port() {
        return listener.getLocalPort();
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "forwarder");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket near = listener.accept();
                sockets.add(near);
                Socket far = new Socket(target.getAddress(), target.getPort());
                sockets.add(far);
                start(() -> copy(near, far));
                start(() -> copy(far, near));
            }
        } catch (IOException e) {
            return; // Closed.
        }
    }

    private static void copy(Socket from, Socket to) {
        try (Socket in = from;
                Socket out = to) {
            InputStream source = in.getInputStream();
            OutputStream sink = out.getOutputStream();
            source.transferTo(sink);
        } catch (IOException e) {
            return; // One side has closed, and now the other has too.
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
