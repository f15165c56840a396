package dev.pgproxy.poolworker.session;

import dev.pgproxy.poolworker.traffic.BackendTraffic;
import dev.pgproxy.poolworker.traffic.DatabaseWait;

/** Reports what happens in one session and concerns others to its owner. */
public record OwnerNews<S>(SessionOwner<S> owner, S session, DatabaseWait databases) implements BackendTraffic.News {

    @Override
    public void rolesChanged() {
        owner.rolesChanged(session);
    }

    @Override
    public void objectInUse(String words) {
        owner.objectInUse(session, words);
    }

    @Override
    public void answered() {
        databases.end();
    }
}
