package dev.pgproxy.poolworker.session;

import dev.pgproxy.poolworker.traffic.BackendLease;
import dev.pgproxy.poolworker.traffic.RelayHost;

/** The session of a logged-in client. */
public interface ActiveHost extends RelayHost {

    /** Whether the session is to end as soon as nothing in it runs. */
    boolean isShutdownAsked();

    /** Puts the backend to work for the client again after a rest. */
    BackendLease takeLease();

    /** Runs a step that the client did not just trigger, such as a timer's. */
    void contained(Runnable step);
}
