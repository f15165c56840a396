package dev.pgproxy.master.accept;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.LibcException;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.io.SpareFd;
import dev.pgproxy.common.io.TcpSockets;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The listening sockets. When no descriptor is left, a spare one is used to tell the next client so, and accepting pauses until
 * there may be descriptors again.
 */
public final class Listeners {

    private static final int ACCEPTS_PER_TICK = 64;
    private static final long PAUSE_MS = 100;

    private final EventLoop loop;
    private final EpollPoller poller;
    private final PendingStartups startups;
    private final SpareFd spare = new SpareFd();
    private final List<Listener> listeners = new ArrayList<>();
    private SocketTuning tuning;
    private boolean paused;

    public Listeners(EventLoop loop, EpollPoller poller, SocketTuning tuning, PendingStartups startups) {
        this.tuning = tuning;
        this.loop = loop;
        this.poller = poller;
        this.startups = startups;
    }

    /** Applies to connections accepted after this call. */
    public void configure(SocketTuning newTuning) {
        tuning = newTuning;
        listeners.forEach(listener -> TcpSockets.tune(listener.fd, newTuning));
    }

    private final class Listener {
        private final OwnedFd fd;
        private final TcpSockets.Queue queue;
        private final EpollPoller.Registration registration;

        private Listener(OwnedFd fd) {
            this.fd = fd;
            this.queue = new TcpSockets.Queue(fd);
            this.registration = TcpSockets.register(fd, poller, ready -> acceptSome(this));
        }
    }

    /**
     * Listens on these addresses; a name stands for all its addresses.
     *
     * @return the bound addresses, with the port that the system chose for port 0
     * @throws IOException when one of them cannot be bound; then none is
     */
    public List<InetSocketAddress> open(List<Endpoint> addresses, int backlog) throws IOException {
        List<InetSocketAddress> bound = new ArrayList<>();
        try {
            for (Endpoint endpoint : addresses) {
                if (!(endpoint instanceof Endpoint.Tcp address)) {
                    throw new IOException(endpoint + " is not an address of a host");
                }
                for (InetAddress ip : InetAddress.getAllByName(address.host())) {
                    OwnedFd fd = TcpSockets.listen(new InetSocketAddress(ip, address.port()), backlog);
                    TcpSockets.tune(fd, tuning);
                    listeners.add(new Listener(fd));
                    bound.add(TcpSockets.localAddress(fd));
                }
            }
            return bound;
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private void acceptSome(Listener listener) {
        for (int i = 0; i < ACCEPTS_PER_TICK; i++) {
            try {
                TcpSockets.@Nullable Accepted accepted = listener.queue.accept();
                if (accepted == null) {
                    return;
                }
                if (paused) {
                    paused = false;
                    Event.of("accept_resumed").info();
                }
                startups.begin(new SocketTransport(accepted.fd(), poller), accepted.peer());
            } catch (LibcException e) {
                pause(listener, e);
                return;
            }
        }
    }

    private void pause(Listener listener, LibcException cause) {
        if (!paused) {
            paused = true;
            Event.of("accept_paused")
                    .message(String.valueOf(cause.getMessage()))
                    .hint("Raise the limit of open files (LimitNOFILE, ulimit -n), or lower max_client_conn.")
                    .error();
        }
        if (cause.isOutOfDescriptors()) {
            startups.letGiveWay();
            if (spare.giveUp()) {
                refuseOne(listener);
                spare.refill();
            }
        }
        listeners.forEach(each -> each.registration.interest(Interest.NONE));
        loop.scheduler().afterMs(PAUSE_MS, () -> listeners.forEach(each -> each.registration.interest(Interest.READ)));
    }

    private void refuseOne(Listener listener) {
        try {
            TcpSockets.@Nullable Accepted accepted = listener.queue.accept();
            if (accepted != null) {
                TcpSockets.writeOnceAndClose(accepted.fd(), Refusals.tooManyClients());
            }
        } catch (LibcException e) {
            // Another process took the spare descriptor: this client waits until accepting resumes.
            return;
        }
    }

    /** Stops listening; accepted clients are not affected. */
    public void close() {
        for (Listener listener : listeners) {
            listener.registration.close();
            listener.fd.close();
        }
        listeners.clear();
        spare.close();
    }
}
