package dev.pgproxy.poolworker;

import dev.pgproxy.common.log.Event;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.session.Session;
import java.util.List;

/** Ends the worker once its sessions are over or their time is up. */
final class Exit {

    /** How often an exiting worker checks whether it can. */
    private static final long EXIT_CHECK_MS = 20;

    private boolean stopping;

    private final EventLoop loop;
    private final Sessions sessions;
    private final BackendPool pool;
    private final LingeringClose lingering;

    Exit(EventLoop loop, Sessions sessions, BackendPool pool, LingeringClose lingering) {
        this.loop = loop;
        this.sessions = sessions;
        this.pool = pool;
        this.lingering = lingering;
    }

    boolean isUnderWay() {
        return stopping;
    }

    /** Lets running queries finish within the time, ends every other session, and exits. */
    void shutDown(long graceMs) {
        if (stopping) {
            return;
        }
        stopping = true;
        Event.of("stopping")
                .with("sessions", sessions.all().size())
                .with("grace_ms", graceMs)
                .info();
        for (Session session : sessions.snapshot()) {
            session.askToShutDown();
        }
        retireBackends();
        loop.scheduler().afterMs(graceMs, () -> {
            List<Session> late = sessions.snapshot();
            if (!late.isEmpty()) {
                Event.of("sessions_ended_in_query")
                        .with("sessions", late.size())
                        .warn();
            }
            late.forEach(Session::endByShutdown);
            closeBackends();
            loop.stop();
        });
        exitWhenDone();
    }

    void retireBackends() {
        pool.snapshot().forEach(Backend::retire);
    }

    private void closeBackends() {
        pool.snapshot().forEach(Backend::abandon);
    }

    /** Exits as soon as nothing is left. */
    void exitWhenDone() {
        if (sessions.all().isEmpty() && pool.isEmpty() && lingering.count() == 0) {
            loop.stop();
        } else {
            loop.scheduler().afterMs(EXIT_CHECK_MS, this::exitWhenDone);
        }
    }
}
