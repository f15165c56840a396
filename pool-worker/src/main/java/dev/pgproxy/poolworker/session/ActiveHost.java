package dev.pgproxy.poolworker.session;

import dev.pgproxy.poolworker.traffic.RelayHost;

/** The session whose client is in. */
public interface ActiveHost extends RelayHost {

    /** Whether the session is to end as soon as nothing of it runs. */
    boolean isShutdownAsked();

    /** Takes a step that nothing of the client's led to just now. */
    void contained(Runnable step);
}
