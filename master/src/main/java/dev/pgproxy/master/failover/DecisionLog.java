package dev.pgproxy.master.failover;

import dev.pgproxy.common.net.Endpoint;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Makes decisions durable, one at a time, and knows which save the next step waits for. */
final class DecisionLog {

    private final Situation situation;
    private final InstantSource wallClock;
    private long saves;

    /** The save that the next step waits for; 0 for none. */
    private long pending;

    /** The state has changes that are not on disk. */
    private boolean unsaved;

    private boolean failed;

    DecisionLog(Situation situation, InstantSource wallClock) {
        this.situation = situation;
        this.wallClock = wallClock;
    }

    /** Makes a decision; the next step waits until it is durable. */
    Action decide(FailoverState.Phase made, FailoverState.Cause cause, Endpoint successor) {
        String at = wallClock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        return await(situation
                .state()
                .with(new FailoverState.Decision(
                        made, cause, situation.servers().primary(), successor, at)));
    }

    /** Saves a decision; the next step waits for the save. */
    Action await(FailoverState decided) {
        Action save = save(decided);
        pending = saves;
        return save;
    }

    private Action save(FailoverState now) {
        return new Action.Save(++saves, now);
    }

    /** Saves the current state; no step waits for it. */
    Action saveNow() {
        return save(situation.state());
    }

    /** The state has changed without a decision, and should be saved at the next opportunity. */
    void noteUnsaved() {
        unsaved = true;
    }

    boolean isUnsaved() {
        return unsaved;
    }

    /** Whether the last save failed. */
    boolean hasFailed() {
        return failed;
    }

    /**
     * A state has become durable.
     *
     * @return whether the next step was waiting for it
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

    /** Whether a later save is under way and supersedes this one. */
    boolean isOutdated(long number) {
        return number != saves;
    }

    /**
     * The last state could not be made durable.
     *
     * @return whether this is news to operators
     */
    boolean notSaved(long number) {
        boolean isNews = !failed || number == pending;
        unsaved = true;
        failed = true;
        pending = 0;
        return isNews;
    }

    /** Retries a failed save, with the current state rather than the one that failed. */
    List<Action> saveAgain() {
        return unsaved && pending == 0 ? List.of(saveNow()) : List.of();
    }
}
