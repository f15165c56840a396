package dev.pgproxy.master.failover;

import dev.pgproxy.common.ipc.SwitchoverMessages;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import dev.pgproxy.common.net.Endpoint;
import dev.pgproxy.master.worker.Worker;
import dev.pgproxy.master.worker.WorkerRegistry;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An operator's SWITCHOVER command and the workers that it waits for. One at a time. */
public final class SwitchoverDesk implements SwitchoverMessages.AtMaster<Worker>, WorkerRegistry.Listener {

    /** Receives the result of the command. */
    public interface ReplyListener {
        void done();

        /** @param problem why nothing, or not everything, was changed */
        void failed(String problem);
    }

    /** Carries out a switchover, and reports its end to {@link #end}. */
    public interface Failover {
        /**
         * Begins to put a standby in the primary's place.
         *
         * @param isWanted whether the switchover is still wanted, asked once it is known to be possible
         * @param refused receives the reason when it cannot begin
         */
        void switchover(Endpoint target, BooleanSupplier isWanted, Consumer<String> refused);

        /** All sessions on the primary are at rest. */
        void quiesced();

        /**
         * Ends a switchover.
         *
         * @return why it can no longer be ended; empty when it was ended
         */
        String callOff(String problem);
    }

    private static final String CALLED_OFF = "an operator called it off";

    private final EventLoop loop;
    private final WorkerRegistry workers;
    private final Failover failover;
    private final Set<Worker> busyWorkers = new LinkedHashSet<>();
    private @Nullable ReplyListener replyTo;
    private @Nullable Endpoint wanted;
    private boolean hasBegun;
    private long request;
    private Scheduler.@Nullable Timer timer;

    public SwitchoverDesk(EventLoop loop, WorkerRegistry workers, Failover failover) {
        this.loop = loop;
        this.workers = workers;
        workers.listen(this);
        this.failover = failover;
    }

    /**
     * Begins a switchover.
     *
     * @param timeoutMs how long it may take until all sessions are at rest and the standby has all WAL
     */
    public void begin(Endpoint target, long timeoutMs, ReplyListener operator) {
        if (replyTo != null) {
            operator.failed("another switchover is under way");
            return;
        }
        replyTo = operator;
        wanted = target;
        timer = loop.scheduler().afterMs(timeoutMs, this::expire);
        failover.switchover(target, () -> replyTo == operator, this::end);
    }

    /**
     * Calls off the switchover.
     *
     * @return why it continues, or that there is none; empty when it was called off
     */
    public String cancel() {
        if (replyTo == null) {
            return "no switchover is under way";
        }
        if (!hasBegun) {
            end(CALLED_OFF);
            return "";
        }
        return failover.callOff(CALLED_OFF);
    }

    private void expire() {
        if (!hasBegun) {
            end(
                    "the standby, or the disk of state_file, did not answer within failover.switchover_timeout; nothing was changed");
        } else if (busyWorkers.isEmpty()) {
            failover.callOff("the standby did not receive everything within failover.switchover_timeout");
        } else {
            failover.callOff("transactions on the primary did not end within failover.switchover_timeout");
        }
    }

    /** Brings the sessions on this server to rest, or lets them continue. */
    public void holdSessions(Endpoint server, boolean held) {
        long number = held ? awaitWorkers() : 0;
        workers.toPoolWorkers(new SwitchoverMessages.HoldSessions(number, server, held));
    }

    /** @return the number of the request that the workers answer */
    private long awaitWorkers() {
        hasBegun = true;
        Event.of("switchover_begun")
                .with("server", wanted == null ? "none" : wanted)
                .message("an operator started a switchover to it: running transactions may end, and new ones wait")
                .hint("SWITCHOVER CANCEL in pg_proxy calls it off.")
                .warn();
        busyWorkers.clear();
        busyWorkers.addAll(workers.poolWorkers());
        request++;
        loop.atEndOfTick(this::proceed); // Without a worker there is no answer to wait for.
        return request;
    }

    /** The sessions of this worker are at rest. */
    @Override
    public void onSessionsHeld(Worker worker, SwitchoverMessages.SessionsHeld message) {
        if (message.requestId() == request && busyWorkers.remove(worker)) {
            proceed();
        }
    }

    /** The worker's sessions ended with it. */
    @Override
    public void workerGone(Worker worker) {
        if (busyWorkers.remove(worker)) {
            proceed();
        }
    }

    private void proceed() {
        if (busyWorkers.isEmpty()) {
            failover.quiesced();
        }
    }

    /**
     * The switchover has ended.
     *
     * @param problem null when it succeeded
     */
    public void end(@Nullable String problem) {
        busyWorkers.clear();
        hasBegun = false;
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        ReplyListener operator = replyTo;
        replyTo = null;
        if (operator == null) {
            return;
        }
        if (problem == null) {
            operator.done();
        } else {
            operator.failed(problem);
        }
    }
}
