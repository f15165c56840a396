package dev.pgproxy.poolworker.session;

import dev.pgproxy.common.loop.Clock;
import dev.pgproxy.common.loop.Transport;
import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.login.SessionContext;
import dev.pgproxy.poolworker.relay.Pipe;
import dev.pgproxy.poolworker.relay.Tally;
import dev.pgproxy.poolworker.traffic.BackendLease;
import dev.pgproxy.poolworker.traffic.BackendTraffic;
import dev.pgproxy.poolworker.traffic.DatabaseWait;
import dev.pgproxy.poolworker.traffic.FrontendTraffic;
import dev.pgproxy.poolworker.traffic.RestingLeases;
import dev.pgproxy.poolworker.traffic.ScramWitness;
import dev.pgproxy.poolworker.traffic.StateTrace;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The server's side of a session: the backend, its lease as long as bytes move, and what is known of what the client did there. */
public final class ServerSide implements RestingLeases.Holder {

    private final Transport frontend;
    private final SessionContext context;
    private final Tally tally = new Tally();
    private final StateTrace trace = new StateTrace();
    private final DatabaseWait databases;
    private @Nullable Backend backend;
    private @Nullable BackendLease lease;
    private boolean wasLeased;
    private boolean isWatched;
    private boolean wasBusy;
    private boolean isOfLogin;
    private String lastSqlState = "";

    /**
     * Begins without a backend.
     *
     * @param frontend the client's side
     * @param databaseWanted told the name of a database when the client's command waits for others to leave it
     */
    ServerSide(Transport frontend, SessionContext context, Consumer<String> databaseWanted) {
        this.frontend = frontend;
        this.context = context;
        this.databases = new DatabaseWait(
                context.loop().scheduler(), () -> lease != null && !lease.isClientSlow(), databaseWanted);
    }

    /** Sets the backend; null when there is none yet. */
    void attach(@Nullable Backend chosen) {
        backend = chosen;
    }

    @Nullable
    Backend backend() {
        return backend;
    }

    /** Null while the backend is not at work for the client: before its first use, and when the session has been at rest for a while. */
    @Nullable
    BackendLease lease() {
        return lease;
    }

    Tally tally() {
        return tally;
    }

    StateTrace trace() {
        return trace;
    }

    DatabaseWait databases() {
        return databases;
    }

    /** The SQLSTATE of the server's last message, when that ended the session; empty otherwise. */
    String lastSqlState() {
        return lastSqlState;
    }

    /**
     * Puts the backend to work for the client.
     *
     * @param witness overhears what the client sends; null for none
     * @param news told of events that concern more than this session
     */
    BackendLease take(Backend serving, @Nullable ScramWitness witness, BackendTraffic.News news) {
        serving.leased();
        Clock clock = context.loop().clock();
        Pipe toServer = new Pipe(
                context.buffers(), new FrontendTraffic(serving.progress(), tally, clock, trace, databases, witness));
        BackendTraffic traffic = new BackendTraffic(serving.identity(), serving.progress(), tally, clock, news);
        BackendLease taken = new BackendLease(frontend, serving, toServer, tally, traffic);
        lease = taken;
        isOfLogin = witness != null;
        wasLeased = true;
        return taken;
    }

    /**
     * Something has moved, and the session may be at rest now. If it stays so, the lease is taken back; the backend stays with it. A lease
     * that has seen the login keeps what proves the client's identity, and ends at once.
     */
    void rest() {
        wasBusy = true;
        if (isOfLogin) {
            endLeaseIfOver();
        } else if (!isWatched && lease != null) {
            isWatched = true;
            context.leases().watch(this);
        }
    }

    private void endLeaseIfOver() {
        BackendLease taken = lease;
        if (taken != null && taken.isOver()) {
            taken.end();
            lease = null;
            isOfLogin = false;
        }
    }

    @Override
    public boolean giveBackUnlessBusy() {
        isWatched = wasBusy && lease != null;
        if (!wasBusy) {
            endLeaseIfOver(); // If it is not, something moves before it can be, and this is watched again.
        }
        wasBusy = false;
        return !isWatched;
    }

    private void unwatch() {
        if (isWatched) {
            isWatched = false;
            context.leases().forget(this);
        }
    }

    /** What the client has not read yet, followed by these words where a message may begin. */
    byte[] unread(byte[] lastWords) {
        return backend == null ? lastWords : backend.fromServer().takeLeftovers(lastWords);
    }

    /** Detaches the backend, which goes to another session or is of no use; the caller releases it. */
    void leave() {
        databases.end();
        unwatch();
        backend = null;
        wasLeased = false;
        BackendLease taken = lease;
        if (taken != null) {
            lastSqlState = taken.traffic().fatalSqlState();
            taken.drop();
            lease = null;
        }
    }

    /**
     * Gives the backend back, if there is one.
     *
     * @param singleUse whether no other client may have it once this one has used it
     */
    void release(boolean singleUse) {
        Backend used = backend;
        boolean wasUsed = wasLeased;
        boolean isClean = lease == null || lease.endsClean();
        leave();
        if (used == null) {
            return;
        }
        try {
            if (singleUse && wasUsed) {
                used.retire();
            }
            used.release(isClean, trace.leftover());
        } catch (RuntimeException | StackOverflowError e) {
            used.abandon();
            throw e;
        }
    }

    /** It is unknown what the server is in the middle of: no other client may have the backend. */
    void doubt() {
        if (backend != null) {
            backend.progress().doubt();
            backend.retire();
        }
    }

    /** Closes the backend when it cannot even be given back. */
    void abandon() {
        databases.end();
        unwatch();
        lease = null;
        Backend used = backend;
        backend = null;
        if (used != null) {
            used.abandon();
        }
    }
}
