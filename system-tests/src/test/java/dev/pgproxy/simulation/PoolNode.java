package dev.pgproxy.simulation;

import dev.pgproxy.common.auth.AuthenticationMethod;
import dev.pgproxy.common.child.ChildConversation;
import dev.pgproxy.common.child.ChildRole;
import dev.pgproxy.common.config.SocketTuning;
import dev.pgproxy.common.ipc.CancelMessages;
import dev.pgproxy.common.ipc.ChildKind;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.poolworker.MasterLink;
import dev.pgproxy.poolworker.PoolWorker;
import dev.pgproxy.poolworker.PoolWorkerRole;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.Connector;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.testkit.simulation.SimulatedLink;
import dev.pgproxy.testkit.simulation.SimulatedProcess;
import dev.pgproxy.testkit.simulation.SimulatedTransport;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A pool-worker: the real one, in a simulated process. */
final class PoolNode implements Node {

    private final ClusterSimulation simulation;
    private final SimulatedProcess process;
    private final int generation;
    private final PoolWorker worker;
    private final ChildConversation conversation;

    /** Sessions that the master knows to be here, or will know whatever happens. */
    private final Set<Long> accepted = new HashSet<>();

    private final Set<Long> wrongCancels = new HashSet<>();

    /** The server for which each session was sent. */
    private final Map<Long, SessionMessages.AssignSession> assigned = new HashMap<>();

    /** The descriptors of clients, by session. */
    private final Map<Long, SimulatedTransport> clients = new HashMap<>();

    private SimulatedTransport lastArrived;
    private boolean hasMaster = true;

    PoolNode(ClusterSimulation simulation, SimulatedProcess process, SimulatedLink.End link, long pid, int generation) {
        this.generation = generation;
        this.simulation = simulation;
        this.process = process;
        this.lastArrived = process.connect();
        lastArrived.close();
        this.worker = new PoolWorker(
                process.loop(),
                descriptor -> {
                    lastArrived = process.adopt(((SimulatedTransport.Passed) descriptor).arrive());
                    return lastArrived;
                },
                new ToServers(),
                new ToMaster(link),
                bytes -> {
                    byte[] secret = new byte[bytes];
                    simulation.random().nextBytes(secret);
                    return secret;
                },
                (role, address, work, then) -> {
                    simulation.later(this, () -> then.accept(work.getAsBoolean()));
                    return true;
                },
                (int) pid);
        this.conversation = new ChildConversation(ChildKind.POOL, process.loop());
        conversation.role(new Watched(new PoolWorkerRole(worker)));
    }

    @Override
    public ChildConversation conversation() {
        return conversation;
    }

    @Override
    public SimulatedProcess process() {
        return process;
    }

    /** Records which descriptor belongs to which session. */
    private final class Watched implements ChildRole {
        private final PoolWorkerRole role;

        private Watched(PoolWorkerRole role) {
            this.role = role;
        }

        @Override
        public void onMessage(ControlMessage message) {
            role.onMessage(message);
            if (message instanceof SessionMessages.AssignSession assign) {
                clients.put(assign.sessionId(), lastArrived);
            }
        }

        @Override
        public void shutDown(long graceMs) {
            role.shutDown(graceMs);
        }

        @Override
        public void masterLost(String reason) {
            hasMaster = false;
            role.masterLost(reason);
        }

        @Override
        public void terminate() {
            role.terminate();
        }
    }

    @Override
    public void said(ControlMessage message) {
        if (message instanceof SessionMessages.AssignSession assign) {
            simulation.assigned(assign.sessionId(), assign.server(), assign.startupPacket());
            assigned.put(assign.sessionId(), assign);
            if (assign.askFirst() == AuthenticationMethod.OTHER) {
                givesPlace(assign);
            }
        } else if (message instanceof CancelMessages.FindCancelTarget cancel
                && Arrays.equals(cancel.secret(), ClusterSimulation.WRONG_SECRET)) {
            wrongCancels.add(cancel.cancelId());
        } else if (message instanceof PlaceMessages.PlaceGiven given) {
            SessionMessages.AssignSession assign = assigned.get(given.sessionId());
            if (assign != null) {
                givesPlace(assign);
            }
        }
    }

    private void givesPlace(SessionMessages.AssignSession assign) {
        simulation.givesPlace(assign.server(), ClusterSimulation.parameter(assign.startupPacket(), "user"));
    }

    @Override
    public void underWay(ControlMessage message) {
        if (message instanceof SessionMessages.SessionAccepted acceptance) {
            accepted.add(acceptance.sessionId());
        } else if (message instanceof CancelMessages.CancelTarget found) {
            simulation.check(
                    !wrongCancels.contains(found.cancelId()), "a CancelRequest with a wrong secret found a session");
        } else if (message instanceof SessionMessages.SessionParked gone) {
            forget(gone.sessionId());
        } else if (message instanceof SessionMessages.SessionReturned gone) {
            forget(gone.sessionId());
        } else if (message instanceof SessionMessages.AssignSession assign) {
            accepted.remove(assign.sessionId()); // It was here before, and returns.
        }
    }

    private void forget(long session) {
        accepted.remove(session);
        clients.remove(session);
    }

    /** The clients that the master knows to be here lose their connection, as all do when there is no master. */
    @Override
    public void died() {
        checkUntouched(); // What it did in its last step, too.
        (hasMaster ? accepted : clients.keySet()).forEach(simulation::cutOff);
    }

    /**
     * The master routes a client again if this process dies before the master knows that the client is here: not a byte of such a client may
     * have been touched.
     */
    private void checkUntouched() {
        clients.forEach((session, transport) -> simulation.check(
                !hasMaster || accepted.contains(session) || !transport.isTouched(),
                "session " + session + " was touched before the master could know that it is here"));
    }

    /** Each backend has one client, and no client is touched too early. */
    void check() {
        checkUntouched();
        Set<Backend> used = new HashSet<>();
        for (Session session : worker.clients().all()) {
            Backend backend = session.backend();
            simulation.check(backend == null || used.add(backend), "two clients on one backend");
        }
    }

    private final class ToServers implements Connector {
        @Override
        public Attempt connect(Endpoint server, SocketTuning tuning, Handler handler) {
            boolean[] cancelled = {false};
            simulation.later(PoolNode.this, () -> {
                if (!cancelled[0]) {
                    simulation.connectToServer(process, server, generation, handler);
                }
            });
            return () -> cancelled[0] = true;
        }
    }

    private record ToMaster(SimulatedLink.End link) implements MasterLink {
        @Override
        public void send(ControlMessage.ToMaster message) {
            link.send(message);
        }

        @Override
        public void sendAtOnce(ControlMessage.ToMaster message) {
            link.sendAtOnce(message);
        }

        @Override
        public boolean hasRoom() {
            return link.hasRoom();
        }

        @Override
        public void send(ControlMessage.ToMaster message, Runnable whenWritten) {
            link.send(message, whenWritten);
        }
    }
}
