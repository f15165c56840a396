package dev.pgproxy.testkit.simulation;

import java.util.Random;

/** What simulated clients and servers have to know about their run. */
public interface SimulationRun {

    Random random();

    /** Fails the run, with the command that replays it, unless this holds. */
    void check(boolean holds, String violation);

    /** Prints what happens, if tracing is on. */
    void trace(String what);

    SimulatedRoles roles();

    /** Whether a signal may still reach this server process. */
    boolean isCancelInFlight(int pid);

    /** Decides whether a server process crashes now. */
    boolean serverCrashes();

    /** A client has received its cancel key. */
    void learnKey(int pid, byte[] secret);

    /** Whether this client may have lost its connection without a word, because its server or a process that held it died. */
    boolean mayBeCutOff(String client);

    /** Whether sessions were ended from outside, possibly in the middle of a message. */
    boolean endsSessions();

    /** Whether sessions were held for a switchover: a client that seems to leave meanwhile is taken at its word. */
    boolean holdsSessions();
}
