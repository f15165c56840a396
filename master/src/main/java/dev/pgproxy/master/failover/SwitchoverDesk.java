package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ServerAddress;
import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.Scheduler;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** An operator who waits for a switchover, and the workers that it waits for. One at a time. */
public final class SwitchoverDesk {

    /** Who gave the command. */
    public interface Giver {
        void done();

        /** @param problem why nothing was changed, or not all that was wanted */
        void failed(String problem);
    }

    private static final String CALLED_OFF = "an operator called it off";

    private final EventLoop loop;
    private final FailoverDesk failover;
    private final Set<Integer> busyWorkers = new HashSet<>();
    private @Nullable Giver giver;
    private @Nullable ServerAddress wanted;
    private boolean hasBegun;
    private long request;
    private Scheduler.@Nullable Timer timer;

    public SwitchoverDesk(EventLoop loop, FailoverDesk failover) {
        this.loop = loop;
        this.failover = failover;
    }

    /**
     * Begins a switchover.
     *
     * @param timeoutMs how long it may take until everything is at rest and the standby has it all
     */
    public void begin(ServerAddress target, long timeoutMs, Giver operator) {
        if (giver != null) {
            operator.failed("another switchover is under way");
            return;
        }
        giver = operator;
        wanted = target;
        timer = loop.scheduler().afterMs(timeoutMs, this::expire);
        failover.switchover(target, () -> giver == operator, this::end);
    }

    /**
     * An operator does not want it any more.
     *
     * @return why it goes on, or that there is none; empty when it was called off
     */
    public String cancel() {
        if (giver == null) {
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
                    "the standby, or the disk of state_file, did not answer within failover.switchover_timeout; nothing was begun");
        } else if (busyWorkers.isEmpty()) {
            failover.callOff("the standby did not get everything within failover.switchover_timeout");
        } else {
            failover.callOff("transactions on the primary did not end within failover.switchover_timeout");
        }
    }

    /**
     * These workers are told to let their sessions come to rest.
     *
     * @return the number of that request
     */
    public long awaitWorkers(Set<Integer> slots) {
        hasBegun = true;
        Event.of("switchover_begun")
                .with("server", wanted == null ? "none" : wanted)
                .message(
                        "an operator wants it to be the primary: transactions on the old one may end, and new ones wait")
                .hint("SWITCHOVER CANCEL in pg_proxy calls it off.")
                .warn();
        busyWorkers.clear();
        busyWorkers.addAll(slots);
        request++;
        loop.atEndOfTick(this::proceed); // Nobody is asked when there is no worker.
        return request;
    }

    /** The sessions of this worker are at rest. */
    public void onSessionsHeld(int slot, long ofRequest) {
        if (ofRequest == request && busyWorkers.remove(slot)) {
            proceed();
        }
    }

    /** The sessions of this worker are gone with it. */
    public void workerGone(int slot) {
        if (busyWorkers.remove(slot)) {
            proceed();
        }
    }

    private void proceed() {
        if (busyWorkers.isEmpty()) {
            failover.quiesced();
        }
    }

    /**
     * It is over.
     *
     * @param problem null when it was done
     */
    public void end(@Nullable String problem) {
        busyWorkers.clear();
        hasBegun = false;
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        Giver operator = giver;
        giver = null;
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
