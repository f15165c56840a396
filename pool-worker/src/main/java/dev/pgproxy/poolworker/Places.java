package dev.pgproxy.poolworker;

import dev.pgproxy.common.count.Counter;
import dev.pgproxy.common.count.Counters;
import dev.pgproxy.common.ipc.BackendMessages;
import dev.pgproxy.common.ipc.PlaceMessages;
import dev.pgproxy.common.ipc.PoolSettings;
import dev.pgproxy.common.ipc.SessionMessages;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.backend.BackendContext;
import dev.pgproxy.poolworker.backend.BackendPool;
import dev.pgproxy.poolworker.backend.BackendState;
import dev.pgproxy.poolworker.backend.CustomParameters;
import dev.pgproxy.poolworker.backend.StatusTable;
import dev.pgproxy.poolworker.login.SecretSource;
import dev.pgproxy.poolworker.relay.RelayBuffers;
import dev.pgproxy.poolworker.session.Session;
import dev.pgproxy.poolworker.traffic.LastWords;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the backend of a session: an idle one, one in reset, or a new one in a place that the master gives. The
 * choice is made here because the master's view may be late.
 */
final class Places implements PlaceMessages.AtPoolWorker {

    /** How long a client that may have a new connection waits for one in reset: about as long as a new one would take. */
    private static final long RESET_PATIENCE_MS = 50;

    /** A backend's lifetime varies by up to one part in this many, so that backends opened together do not end together. */
    private static final int JITTER_DIVISOR = 10;

    /** Sessions that have a place for a new connection but wait briefly for a backend in reset, by the id of that backend. */
    private final Map<Long, Session> withChoice = new HashMap<>();

    private long nextBackendId = 1;

    private final EventLoop loop;
    private final MasterContact master;
    private final Sessions sessions;
    private final BackendPool pool;
    private final Backend.Owner owner;
    private final SecretSource secrets;
    private final BooleanSupplier isStopping;
    private final Counter opened;
    private final Counter reused;
    private @Nullable PoolSettings settings;
    private @Nullable BackendContext context;

    /**
     * @param owner of the backends that are opened
     * @param isStopping whether the worker is stopping, so that no backend gets another user
     */
    Places(
            EventLoop loop,
            MasterContact master,
            Sessions sessions,
            BackendPool pool,
            Backend.Owner owner,
            SecretSource secrets,
            BooleanSupplier isStopping,
            Counters counters) {
        this.loop = loop;
        this.master = master;
        this.sessions = sessions;
        this.pool = pool;
        this.owner = owner;
        this.secrets = secrets;
        this.isStopping = isStopping;
        this.opened = counters.counter("backends_opened", "backends that were opened for a client");
        this.reused = counters.counter("backends_reused", "clients that got a warm backend");
    }

    /** @param sharedBuffers shared by all connections of the worker */
    void configure(PoolSettings newSettings, RelayBuffers sharedBuffers) {
        settings = newSettings;
        if (context == null) {
            context = new BackendContext(loop, sharedBuffers, new CustomParameters(), new StatusTable());
        }
        pool.snapshot().forEach(backend -> backend.configure(newSettings, lifetimeMs(newSettings)));
    }

    /**
     * Chooses a backend for a session that has a place, and tells the master.
     *
     * @param whenTold runs once the master is certain to learn of it
     */
    Backend join(Session session, long expectedBackendId, Runnable whenTold) {
        Backend backend = chooseBackend(session, expectedBackendId);
        // It has a place for a new connection but still waits for one in reset, which is usually ready sooner.
        boolean hasChoice = expectedBackendId == 0 && backend.isResetting();
        master.link().send(new SessionMessages.SessionAccepted(session.id(), hasChoice ? 0 : backend.id()), whenTold);
        if (hasChoice) {
            losePatience(session, backend);
        }
        if (backend.state() == BackendState.CLOSING) {
            master.link().send(new BackendMessages.BackendClosing(backend.id()));
        }
        return backend;
    }

    /** If the reset takes too long, the session opens a new connection in its own place. */
    private void losePatience(Session session, Backend resetting) {
        withChoice.put(resetting.id(), session);
        loop.scheduler().afterMs(RESET_PATIENCE_MS, () -> {
            if (withChoice.remove(resetting.id(), session)) {
                openOwn(session, resetting);
            }
        });
    }

    /** Makes the session use its own place if it still waits for another backend's reset. */
    private void openOwn(Session session, Backend resetting) {
        boolean waits = resetting.isResetting() || resetting.state() == BackendState.CLOSING;
        if (session.backend() == resetting && waits && !session.isOver()) {
            session.contained(() -> {
                session.attach(null);
                resetting.release(true, "");
                needsBackend(session);
            });
        }
    }

    void needsBackend(Session session) {
        Backend backend = newBackend(session);
        master.link().send(new SessionMessages.SessionAccepted(session.id(), backend.id()));
        session.useBackend(backend);
    }

    /** The answer to {@link #wantPlace}. */
    @Override
    public void onPlaceGiven(PlaceMessages.PlaceGiven message) {
        Session session = sessions.byId(message.sessionId());
        if (session == null || !session.awaitsPlace()) {
            return; // The client has left, and the master is told so.
        }
        session.contained(() -> place(session, message));
    }

    private void place(Session session, PlaceMessages.PlaceGiven message) {
        session.placed(message.mostMs());
        Backend backend = join(session, message.expectedBackendId(), () -> {});
        if (backend.state().awaitsLogin()) {
            session.backendAvailable();
        }
    }

    @Override
    public void onPlaceRefused(PlaceMessages.PlaceRefused message) {
        Session session = sessions.byId(message.sessionId());
        if (session != null && session.state().isBeforeLogin()) {
            session.refused(message.lastWords());
        }
    }

    void wantPlace(Session session, boolean proved, byte[] refusal) {
        if (master.isGone()) {
            session.refused(LastWords.masterLost());
        } else {
            master.link()
                    .send(new PlaceMessages.PlaceWanted(
                            session.id(),
                            proved,
                            refusal.length > LastWords.MAX_REPORTED_BYTES ? new byte[0] : refusal));
        }
    }

    void serverFull(Session session, byte[] refusal) {
        if (refusal.length <= LastWords.MAX_REPORTED_BYTES) {
            master.link().send(new PlaceMessages.ServerFull(session.id(), refusal));
        }
    }

    /** @param expectedId the backend whose place the client was given; the place is not free while that backend is being closed */
    private Backend chooseBackend(Session session, long expectedId) {
        Backend idle = session.mayHaveIdle() ? pool.takeIdle(session.key()) : null;
        while (idle != null && !idle.isFit()) {
            idle.retire();
            idle = pool.takeIdle(session.key());
        }
        if (idle != null) {
            reused.increment();
            idle.claim(session);
            session.attach(idle);
            return idle;
        }
        Backend expected = pool.byId(expectedId);
        Session other = withChoice.remove(expectedId);
        if (other != null && expected != null) {
            // This session has only what it was promised. Otherwise each of the two would open one in the end.
            openOwn(other, expected);
        }
        Backend resetting = session.mayHaveIdle() ? pool.takeResetting(session.key()) : null;
        if (resetting != null) {
            reused.increment();
            resetting.reserve(session);
            session.attach(resetting);
            return resetting;
        }
        if (expected != null && expected.state() == BackendState.CLOSING && expected.user() == null) {
            expected.reserve(session);
            session.attach(expected);
            return expected;
        }
        Backend fresh = newBackend(session);
        session.attach(fresh);
        return fresh;
    }

    private Backend newBackend(Session session) {
        if (settings == null || context == null) {
            throw new IllegalStateException("no client can be here before the settings are");
        }
        opened.increment();
        Backend backend = new Backend(nextBackendId++, session.key(), settings, lifetimeMs(settings), context, owner);
        pool.add(backend);
        if (master.isGone() || isStopping.getAsBoolean()) {
            backend.retire(); // There will be no next user.
        }
        return backend;
    }

    long lifetimeMs(PoolSettings current) {
        long most = current.serverLifetimeMs() / JITTER_DIVISOR;
        long random = ByteBuffer.wrap(secrets.secret(Integer.BYTES)).getInt() & 0xffff_ffffL;
        return current.serverLifetimeMs() - ((random * most) >>> Integer.SIZE);
    }
}
