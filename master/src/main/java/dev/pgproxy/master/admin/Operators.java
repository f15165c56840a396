package dev.pgproxy.master.admin;

import dev.pgproxy.common.io.LibcException;
import dev.pgproxy.common.io.OwnedFd;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.Logins;
import dev.pgproxy.master.supervisor.Child;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Brings clients of pg_proxy to the admin-worker; those who come before it is there wait for it. Who they are is for it to find out. */
final class Operators {

    /** Clients that may wait for the admin-worker to start; for one more, the one that has waited longest gives way. */
    private static final int MAX_WAITING = 64;

    /** How long they may. */
    private static final long START_TIMEOUT_MS = 20_000;

    private record Waiting(Client client, Scheduler.Timer timer) {}

    private final EventLoop loop;
    private final Logins logins;
    private final Map<Long, Waiting> waiting = new LinkedHashMap<>();
    private @Nullable Child adminWorker;

    Operators(EventLoop loop, Logins logins) {
        this.loop = loop;
        this.logins = logins;
    }

    void submit(Client client) {
        if (adminWorker != null) {
            hand(client, adminWorker);
        } else {
            if (waiting.size() >= MAX_WAITING) {
                gaveUp(waiting.values().iterator().next().client(), "too many clients wait for pg_proxy to start");
            }
            Scheduler.Timer timer =
                    loop.scheduler().afterMs(START_TIMEOUT_MS, () -> gaveUp(client, "pg_proxy could not be started"));
            waiting.put(client.id(), new Waiting(client, timer));
            client.transport().onReady(ready -> left(client));
            client.transport().interest(Interest.HANGUP);
        }
    }

    private void left(Client client) {
        if (forget(client)) {
            client.transport().close();
        }
    }

    private void gaveUp(Client client, String why) {
        if (forget(client)) {
            refuse(client, why);
        }
    }

    private boolean forget(Client client) {
        Waiting entry = waiting.remove(client.id());
        if (entry == null) {
            return false;
        }
        entry.timer().cancel();
        return true;
    }

    private void refuse(Client client, String why) {
        logins.refuse(
                client.transport(),
                BackendMessage.fatal(
                        SqlState.CANNOT_CONNECT_NOW, why, "The log of the proxy says what is the matter."));
    }

    /** The worker gets a duplicate; should it die before it reads it, the client sees its connection end, and comes again. */
    private void hand(Client client, Child worker) {
        if (!worker.hasRoom()) {
            refuse(client, "pg_proxy has too much to do");
            return;
        }
        String peer = client.peer().getAddress().getHostAddress();
        try (OwnedFd fd = client.transport().release()) {
            worker.sendWithFd(
                    new ControlMessage.AssignOperator(
                            client.id(),
                            peer,
                            client.peer().getPort(),
                            client.startup().packet()),
                    fd);
        } catch (LibcException e) {
            // No descriptor is left: nobody can be served now, and the connection closes.
            return;
        }
    }

    void adminWorkerReady(Child worker) {
        adminWorker = worker;
        for (Waiting each : List.copyOf(waiting.values())) {
            forget(each.client());
            hand(each.client(), worker);
        }
    }

    void adminWorkerGone() {
        adminWorker = null;
    }

    /** The proxy stops. */
    void refuseAll(byte[] why) {
        for (Waiting each : List.copyOf(waiting.values())) {
            forget(each.client());
            logins.refuse(each.client().transport(), why);
        }
    }
}
