package dev.pgproxy.poolworker.moving;

import dev.pgproxy.poolworker.backend.ServerIdentity;
import dev.pgproxy.poolworker.relay.Pumping;
import dev.pgproxy.poolworker.relay.QueryProgress;

/** What a server reports about the state of a session. */
public final class InventoryTarget {

    private InventoryTarget() {}

    /** A server that is asked what a session holds. */
    public static void inventory(byte[] bytes) {
        Pumping.pump(bytes, new SessionInventory(new ServerIdentity(), new QueryProgress(), () -> {}));
    }
}
