package dev.pgproxy.master.accept;

import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.config.UnixSocketAccess;
import dev.pgproxy.common.io.AcceptQueue;
import dev.pgproxy.common.io.EpollPoller;
import dev.pgproxy.common.io.LibcException;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.io.SocketTransport;
import dev.pgproxy.common.io.SpareFd;
import dev.pgproxy.common.io.TcpSockets;
import dev.pgproxy.common.io.UnixListener;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.net.Endpoint;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
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
    private final List<OwnedFd> tcp = new ArrayList<>();
    private final List<UnixListener> unix = new ArrayList<>();
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
        tcp.forEach(listener -> TcpSockets.tune(listener, newTuning));
    }

    private final class Listener {
        private final AcceptQueue queue;
        private final EpollPoller.Registration registration;

        private Listener(OwnedFd fd) {
            this.queue = new AcceptQueue(fd);
            this.registration = queue.register(poller, ready -> acceptSome(this));
        }
    }

    /**
     * Listens on these addresses; a name stands for all its addresses.
     *
     * @param access who may connect to Unix sockets
     * @return the bound addresses, with the port that the system chose for port 0
     * @throws IOException when one of them cannot be bound; then none is
     */
    public List<Endpoint> open(List<Endpoint> addresses, UnixSocketAccess access, int backlog) throws IOException {
        List<Endpoint> bound = new ArrayList<>();
        try {
            for (Endpoint endpoint : addresses) {
                if (endpoint instanceof Endpoint.Tcp address) {
                    bound.addAll(open(address, backlog));
                } else if (endpoint instanceof Endpoint.Unix address) {
                    UnixListener opened = UnixListener.open(Path.of(address.path()), access, backlog);
                    unix.add(opened);
                    listeners.add(new Listener(opened.fd()));
                    bound.add(address);
                }
            }
            return bound;
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private List<Endpoint> open(Endpoint.Tcp address, int backlog) throws IOException {
        List<Endpoint> bound = new ArrayList<>();
        for (InetAddress ip : InetAddress.getAllByName(address.host())) {
            OwnedFd fd = TcpSockets.listen(new InetSocketAddress(ip, address.port()), backlog);
            tcp.add(fd);
            TcpSockets.tune(fd, tuning);
            listeners.add(new Listener(fd));
            bound.add(Endpoint.Tcp.of(TcpSockets.localAddress(fd)));
        }
        return bound;
    }

    private void acceptSome(Listener listener) {
        for (int i = 0; i < ACCEPTS_PER_TICK; i++) {
            try {
                AcceptQueue.@Nullable Accepted accepted = listener.queue.accept();
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
            AcceptQueue.@Nullable Accepted accepted = listener.queue.accept();
            if (accepted != null) {
                accepted.writeOnceAndClose(Refusals.tooManyClients());
            }
        } catch (LibcException e) {
            // Another process took the spare descriptor: this client waits until accepting resumes.
            return;
        }
    }

    /** Stops listening; accepted clients are not affected. */
    public void close() {
        listeners.forEach(listener -> listener.registration.close());
        listeners.clear();
        tcp.forEach(OwnedFd::close);
        tcp.clear();
        unix.forEach(UnixListener::close);
        unix.clear();
        spare.close();
    }
}
