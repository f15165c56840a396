package dev.pgproxy.poolworker.moving;

import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.traffic.BackendTraffic;
import dev.pgproxy.poolworker.traffic.StateTrace;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The hold on a session for a change of the primary, and what is known of whether it can continue on another server. That knowledge
 * is valid only as long as the session is held without a break.
 */
public final class SessionHold {

    private final StateTrace trace;
    private boolean movable;
    private @Nullable SessionInventory inventory;
    private boolean wanted;
    private boolean loginToo;

    /**
     * @param movable whether the session may continue on another server
     * @param trace of what the client has asked for
     */
    public SessionHold(boolean movable, StateTrace trace) {
        this.movable = movable;
        this.trace = trace;
    }

    /** The session may no longer continue on another server. */
    public void stay() {
        movable = false;
    }

    /** @param evenLogin whether a login that is under way is held, too */
    public void want(boolean held, boolean evenLogin) {
        if (held != wanted && !isAsking()) {
            inventory = null; // What it found may no longer be true.
        }
        wanted = held;
        loginToo = held && evenLogin;
    }

    /** Whether a login that is under way is held, too. */
    public boolean isForLoginToo() {
        return loginToo;
    }

    /** Whether the session must take nothing more from its client once its transaction is over. */
    public boolean isWanted() {
        return wanted;
    }

    /** Whether the server owes the answer to a query of the proxy's own. */
    public boolean isAsking() {
        return inventory != null && !inventory.isComplete();
    }

    /** Whether it is known if the session can continue. */
    public boolean isKnown() {
        return inventory != null && inventory.isComplete();
    }

    /**
     * Finds out whether the session, which is at rest, can continue.
     *
     * @param obstacle why it could not, whatever state it has; empty when it could
     * @param relayed inspects what follows the answer
     * @return whether the server must be asked, by {@link SessionInventory#query}
     */
    public boolean begin(Backend serving, String obstacle, BackendTraffic relayed) {
        if (inventory != null) {
            return false;
        }
        SessionInventory taken = new SessionInventory(
                serving.identity(),
                serving.progress(),
                () -> serving.fromServer().inspectWith(relayed));
        inventory = taken;
        String why = !movable
                ? "is not to be moved (failover.move_sessions)"
                : obstacle.isEmpty() ? trace.obstacle() : obstacle;
        if (!why.isEmpty()) {
            taken.skip(why);
            return false;
        }
        serving.fromServer().inspectWith(taken);
        return true;
    }

    /** Why the session cannot continue; empty when it can. */
    public String obstacle() {
        return inventory == null || !inventory.isComplete() ? "is at work" : inventory.obstacle();
    }

    /** What the client has set. */
    public Map<String, String> settings() {
        return inventory == null ? Map.of() : inventory.settings();
    }
}
