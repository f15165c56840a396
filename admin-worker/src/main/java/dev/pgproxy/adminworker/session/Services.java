package dev.pgproxy.adminworker.session;

import dev.pgproxy.adminworker.snapshot.SnapshotSource;
import dev.pgproxy.adminworker.sql.Engines;
import dev.pgproxy.adminworker.sql.Running;
import dev.pgproxy.common.ipc.AdminSettings;
import dev.pgproxy.common.loop.EventLoop;
import dev.pgproxy.common.loop.LingeringClose;
import java.nio.ByteBuffer;

/** What all sessions share. */
public interface Services {

    EventLoop loop();

    /** A direct buffer for whatever is done in this turn of the loop. */
    ByteBuffer scratch();

    LingeringClose lingering();

    /** A fault of the proxy itself has cost one session. */
    void faulted();

    AdminSettings settings();

    Passwords passwords();

    Engines engines();

    SnapshotSource snapshots();

    Commands commands();

    /** Runs a task on the loop's thread, from another one. */
    void post(Runnable task);

    /** A statement is under way: memory is watched. */
    void statementBegins(Running running);

    void statementEnds(Running running);

    /** The statement was told to stop. One that still runs long after cannot be stopped, and ends the process. */
    void watchStop(Running running, Asker asker);

    /** How long sessions that may only read are still refused, in milliseconds. */
    long readersWaitMs();

    /** Slows down guesses of passwords. */
    LoginGuard guard();

    /**
     * Whether there is room for one more session that is logged in.
     *
     * @param mayAct whether it may do more than read
     * @param neighbour see {@link OperatorSession#neighbour}
     */
    boolean hasRoom(boolean mayAct, String neighbour);

    /**
     * Whether this many bytes more may be kept until a client takes or closes them.
     *
     * @param mayAct whether its session may do more than read
     */
    boolean hasRoomFor(long bytes, boolean mayAct);

    /** The process id, which is reported to clients as that of their session. */
    int pid();

    default long queryTimeoutMs() {
        return settings().database().queryTimeout().toMillis();
    }
}
