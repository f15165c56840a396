package dev.pgproxy.poolworker.backend;

import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.LibcException;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.io.UnixSockets;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.net.Endpoint;
import org.jspecify.annotations.Nullable;

/** Connects over Unix sockets. That succeeds or fails at once, except while the server's queue of connections is full. */
final class UnixConnector {

    /** Until the first further try then, and at most until any later one. server_connect_timeout cancels the attempt. */
    private static final long RETRY_MS = 10;

    private static final long LONGEST_RETRY_MS = 160;

    private final EventLoop loop;
    private final EpollPoller poller;

    UnixConnector(EventLoop loop, EpollPoller poller) {
        this.loop = loop;
        this.poller = poller;
    }

    /** As {@link Connector#connect}. */
    Connector.Attempt connect(Endpoint.Unix server, Connector.Handler handler) {
        UnixAttempt attempt = new UnixAttempt(server, handler);
        loop.atEndOfTick(attempt::tryNow);
        return attempt;
    }

    private final class UnixAttempt implements Connector.Attempt {
        private final Endpoint.Unix server;
        private final Connector.Handler handler;
        private Scheduler.@Nullable Timer retry;
        private long pauseMs = RETRY_MS;
        private boolean cancelled;

        private UnixAttempt(Endpoint.Unix server, Connector.Handler handler) {
            this.server = server;
            this.handler = handler;
        }

        private void tryNow() {
            if (cancelled) {
                return;
            }
            try (OwnedFd fd = UnixSockets.connect(server.path())) {
                if (fd == null) {
                    retry = loop.scheduler().afterMs(pauseMs, this::tryNow);
                    pauseMs = Math.min(2 * pauseMs, LONGEST_RETRY_MS);
                } else {
                    handler.connected(new SocketTransport(fd, poller), server);
                }
            } catch (LibcException e) {
                handler.failed(String.valueOf(e.getMessage()));
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            if (retry != null) {
                retry.cancel();
            }
        }
    }
}
