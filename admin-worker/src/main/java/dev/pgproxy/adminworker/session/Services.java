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

    /** A fault of the proxy's own has cost one session. */
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

    /** The statement was told to stop. One that goes on for long cannot be stopped, and ends the process. */
    void watchStop(Running running, Asker asker);

    /** How long those who may only look are not let in yet, in milliseconds. */
    long readersWaitMs();

    /** Who tries passwords. */
    LoginGuard guard();

    /**
     * Whether there is room for one more session that is logged in.
     *
     * @param mayAct whether it may do more than look
     * @param neighbour see {@link OperatorSession#neighbour}
     */
    boolean hasRoom(boolean mayAct, String neighbour);

    /**
     * Whether this many bytes may be kept until a client takes or closes them, beside all others.
     *
     * @param mayAct whether its session may do more than look
     */
    boolean hasRoomFor(long bytes, boolean mayAct);

    /** The process id, which clients are told as that of their session. */
    int pid();

    default long queryTimeoutMs() {
        return settings().database().queryTimeout().toMillis();
    }
}
