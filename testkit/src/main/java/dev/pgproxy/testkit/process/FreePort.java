package dev.pgproxy.testkit.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/** A port of loopback for a program that cannot choose one itself, or cannot say which one it chose. */
public final class FreePort {

    private FreePort() {}

    /** A port that is free now; if another process takes it before the program does, the program reports it. */
    public static int choose() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no port is free", e);
        }
    }
}
