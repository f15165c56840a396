package dev.pgproxy.poolworker.session;

/** The session whose client is in. */
interface ActiveHost extends RelayHost {

    /** Whether the session is to end as soon as nothing of it runs. */
    boolean isShutdownAsked();

    /** Takes a step that nothing of the client's led to just now. */
    void contained(Runnable step);
}
