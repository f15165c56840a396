package dev.pgproxy.master.admin;

import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.CommandMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Interest;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.peer.PeerGroup;
import dev.pgproxy.common.protocol.BackendMessage;
import dev.pgproxy.common.protocol.SqlState;
import dev.pgproxy.common.protocol.StartupPacket;
import dev.pgproxy.master.accept.Client;
import dev.pgproxy.master.accept.Refusals;
import dev.pgproxy.master.supervisor.Supervisor;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** Brings clients of pg_proxy to the admin-worker, which authenticates them. Clients that arrive before it has started wait for it. */
public final class OperatorDesk implements WorkerRegistry.Listener {

    /** Clients that may wait for the admin-worker to start; beyond this, the one that has waited longest gives way. */
    private static final int MAX_WAITING = 64;

    /** How long a client may wait for that: long enough for one that hangs to be replaced, so that the log says something by then. */
    private static final long START_TIMEOUT_MS = 2 * Supervisor.HELLO_TIMEOUT_MS;

    private record Waiting(Client client, Scheduler.Timer timer) {}

    private final EventLoop loop;
    private final WorkerRegistry workers;
    private final Refusals refusals;
    private final BooleanSupplier hasDefaultPassword;
    private final Runnable demandAdminWorker;
    private final Map<Long, Waiting> waiting = new LinkedHashMap<>();

    /**
     * @param hasDefaultPassword whether pg_proxy still has its publicly known default password
     * @param demandAdminWorker starts the admin-worker, if it was never started
     */
    public OperatorDesk(
            EventLoop loop,
            WorkerRegistry workers,
            Refusals refusals,
            BooleanSupplier hasDefaultPassword,
            Runnable demandAdminWorker) {
        this.loop = loop;
        this.workers = workers;
        this.refusals = refusals;
        this.hasDefaultPassword = hasDefaultPassword;
        this.demandAdminWorker = demandAdminWorker;
        workers.listen(this);
    }

    /** Takes over a client of pg_proxy. */
    public void submit(Client client) {
        boolean isHere = PeerGroup.isOfThisHost(client.peer().group());
        if (!isHere && hasDefaultPassword.getAsBoolean()) {
            refusals.refuse(
                    client.connection(),
                    BackendMessage.fatal(
                            SqlState.INVALID_AUTHORIZATION_SPECIFICATION,
                            "pg_proxy has its default password, with which only the proxy's own host may log in",
                            "Set pg_proxy_pw in pgproxy's configuration and reload it."));
            return;
        }
        demandAdminWorker.run();
        Worker worker = workers.adminWorker();
        if (worker != null) {
            hand(client, worker);
        } else {
            await(client);
        }
    }

    private void await(Client client) {
        if (waiting.size() >= MAX_WAITING) {
            gaveUp(waiting.values().iterator().next().client(), "too many clients wait for pg_proxy to start");
        }
        Scheduler.Timer timer =
                loop.scheduler().afterMs(START_TIMEOUT_MS, () -> gaveUp(client, "pg_proxy has not started in time"));
        waiting.put(client.sessionId(), new Waiting(client, timer));
        client.connection().onReady(ready -> left(client));
        client.connection().interest(Interest.HANGUP);
    }

    private void left(Client client) {
        if (forget(client)) {
            client.connection().close();
        }
    }

    private void gaveUp(Client client, String why) {
        if (forget(client)) {
            refuse(client, why);
        }
    }

    private boolean forget(Client client) {
        Waiting entry = waiting.remove(client.sessionId());
        if (entry == null) {
            return false;
        }
        entry.timer().cancel();
        return true;
    }

    private void refuse(Client client, String why) {
        refusals.refuse(
                client.connection(),
                BackendMessage.fatal(SqlState.CANNOT_CONNECT_NOW, why, "The log of the proxy says why."));
    }

    /** If the worker dies before it reads the message, the client's connection ends, and the client has to connect again. */
    private void hand(Client client, Worker worker) {
        if (!worker.hasRoom()) {
            refuse(client, "pg_proxy is too busy");
            return;
        }
        worker.send(new CommandMessages.AssignOperator(
                client.sessionId(),
                client.peer(),
                client.startup().packet(),
                client.connection().release()));
    }

    /** A CancelRequest arrived that may be for an operator's statement. */
    public void onCancel(StartupPacket.CancelRequest request) {
        Worker worker = workers.adminWorker();
        if (worker != null && worker.hasRoom()) {
            worker.send(new CommandMessages.CancelStatement(request.pid(), request.secret()));
        }
    }

    @Override
    public void workerReady(Worker worker) {
        if (worker.kind() == ChildKind.ADMIN) {
            for (Waiting each : List.copyOf(waiting.values())) {
                forget(each.client());
                hand(each.client(), worker);
            }
        }
    }

    /** The proxy stops: refuses all waiting clients. */
    public void refuseAll(byte[] why) {
        for (Waiting each : List.copyOf(waiting.values())) {
            forget(each.client());
            refusals.refuse(each.client().connection(), why);
        }
    }
}
