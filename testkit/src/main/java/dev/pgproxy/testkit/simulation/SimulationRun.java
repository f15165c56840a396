package dev.pgproxy.testkit.simulation;

import java.util.Random;

/** What simulated clients and servers have to know of the run that they are part of. */
public interface SimulationRun {

    Random random();

    /** Fails the run, with the command that replays it, unless this holds. */
    void check(boolean holds, String violation);

    SimulatedRoles roles();

    /** Whether a signal may still come to this server process. */
    boolean isCancelInFlight(int pid);

    /** Decides whether a server process crashes now. */
    boolean serverCrashes();

    /** A client was told how it can cancel. */
    void learnKey(int pid, byte[] secret);

    /** Whether this client may have lost its connection without a word: a process died that had it, or its server. */
    boolean mayBeCutOff(String client);

    /** Whether sessions were ended from outside, which can be in the middle of a message. */
    boolean endsSessions();

    /** Whether sessions were held for a switchover: who seems to leave meanwhile is taken at its word. */
    boolean holdsSessions();
}
