package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.LibcException;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.io.TcpSockets;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Connects over TCP. Names are resolved on separate threads; a name's addresses are tried one after the other. */
final class TcpConnector {

    private static final int LOOKUP_THREADS = 2;
    private static final int WAITING_LOOKUPS = 10_000;
    private static final Pattern LITERAL = Pattern.compile("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%.*)?");

    private final EventLoop loop;
    private final EpollPoller poller;
    private final ThreadPoolExecutor lookups;

    TcpConnector(EventLoop loop, EpollPoller poller) {
        this.loop = loop;
        this.poller = poller;
        this.lookups = new ThreadPoolExecutor(
                LOOKUP_THREADS,
                LOOKUP_THREADS,
                1,
                TimeUnit.MINUTES,
                new ArrayBlockingQueue<>(WAITING_LOOKUPS),
                task -> {
                    Thread thread = new Thread(task, "name-lookup");
                    thread.setDaemon(true);
                    return thread;
                });
        this.lookups.allowCoreThreadTimeOut(true);
    }

    /** As {@link Connector#connect}. */
    Connector.Attempt connect(Endpoint.Tcp server, SocketTuning tuning, Connector.Handler handler) {
        TcpAttempt attempt = new TcpAttempt(server, tuning, handler);
        attempt.resolve();
        return attempt;
    }

    private final class TcpAttempt implements Connector.Attempt {
        private final Endpoint.Tcp server;
        private final SocketTuning tuning;
        private final Connector.Handler handler;
        private final ArrayDeque<InetAddress> untried = new ArrayDeque<>();
        private @Nullable SocketTransport connecting;
        private boolean cancelled;

        private TcpAttempt(Endpoint.Tcp server, SocketTuning tuning, Connector.Handler handler) {
            this.server = server;
            this.tuning = tuning;
            this.handler = handler;
        }

        private void resolve() {
            if (LITERAL.matcher(server.host()).matches()) {
                lookUp(loop::atEndOfTick);
                return;
            }
            try {
                lookups.execute(() -> lookUp(this::post));
            } catch (RejectedExecutionException e) {
                loop.atEndOfTick(() -> fail(WAITING_LOOKUPS + " names wait to be looked up already"));
            }
        }

        private void post(Runnable task) {
            try {
                loop.post(task);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        /** A literal address is only parsed here; a name may take as long as DNS does. */
        private void lookUp(java.util.function.Consumer<Runnable> toLoop) {
            try {
                List<InetAddress> addresses = List.of(InetAddress.getAllByName(server.host()));
                toLoop.accept(() -> {
                    untried.addAll(addresses);
                    tryNext("the name has no address");
                });
            } catch (UnknownHostException e) {
                toLoop.accept(() -> fail("the name " + server.host() + " cannot be resolved"));
            }
        }

        private void tryNext(String reasonIfNone) {
            if (cancelled) {
                return;
            }
            String reason = reasonIfNone;
            while (!untried.isEmpty()) {
                InetSocketAddress address = new InetSocketAddress(untried.remove(), server.port());
                try (OwnedFd fd = TcpSockets.connect(address, tuning)) {
                    SocketTransport transport = new SocketTransport(fd, poller);
                    connecting = transport;
                    transport.onReady(ready -> finish(transport, address));
                    transport.interest(Interest.WRITE);
                    return;
                } catch (LibcException e) {
                    reason = String.valueOf(e.getMessage());
                }
            }
            fail(reason);
        }

        private void finish(SocketTransport transport, InetSocketAddress address) {
            connecting = null;
            try {
                transport.finishConnect();
            } catch (IOException e) {
                transport.close();
                tryNext(String.valueOf(e.getMessage()));
                return;
            }
            transport.interest(Interest.NONE);
            Endpoint.Tcp peer = Endpoint.Tcp.of(address);
            handler.connected(transport, peer.equals(server) ? server : peer); // Saves thousands of copies.
        }

        private void fail(String reason) {
            if (!cancelled) {
                handler.failed(reason);
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            if (connecting != null) {
                connecting.close();
                connecting = null;
            }
        }
    }
}
