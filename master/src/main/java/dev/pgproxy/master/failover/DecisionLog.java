package dev.pgproxy.master.failover;

import dev.pgproxy.common.net.Endpoint;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Makes decisions durable, one after the other, and knows which of them the next step waits for. */
final class DecisionLog {

    private final Situation situation;
    private final InstantSource wallClock;
    private long saves;

    /** The save that the next step waits for; 0 for none. */
    private long pending;

    /** Something is true that the disk does not say. */
    private boolean unsaved;

    private boolean failed;

    DecisionLog(Situation situation, InstantSource wallClock) {
        this.situation = situation;
        this.wallClock = wallClock;
    }

    /** Makes a decision, whose next step waits until it is durable. */
    Action decide(FailoverState.Phase made, FailoverState.Cause cause, Endpoint successor) {
        String at = wallClock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        return await(situation.state.with(
                new FailoverState.Decision(made, cause, situation.servers.primary(), successor, at)));
    }

    /** Saves a decision, whose next step waits for that. */
    Action await(FailoverState decided) {
        Action save = save(decided);
        pending = saves;
        return save;
    }

    private Action save(FailoverState now) {
        return new Action.Save(++saves, now);
    }

    /** Saves what is true now; nothing waits for it. */
    Action saveNow() {
        return save(situation.state);
    }

    /** What is true now has changed without a decision, and is to be saved when there is time. */
    void noteUnsaved() {
        unsaved = true;
    }

    boolean isUnsaved() {
        return unsaved;
    }

    /** Whether the state file cannot be written. */
    boolean hasFailed() {
        return failed;
    }

    /**
     * A state is durable.
     *
     * @return whether the next step has waited for it
     */
    boolean saved(long number, FailoverState saved) {
        if (number == saves) {
            unsaved = false;
            failed = false;
        }
        if (number != pending || saved.decision().isEmpty()) {
            return false;
        }
        pending = 0;
        return true;
    }

    /** Whether a later one is under way, and counts. */
    boolean isOutdated(long number) {
        return number != saves;
    }

    /**
     * The last state could not be made durable.
     *
     * @return whether people have not heard of it
     */
    boolean notSaved(long number) {
        boolean isNews = !failed || number == pending;
        unsaved = true;
        failed = true;
        pending = 0;
        return isNews;
    }

    /** The time has come to save again what could not be saved: what is true by now, and not what was true then. */
    List<Action> saveAgain() {
        return unsaved && pending == 0 ? List.of(saveNow()) : List.of();
    }
}
