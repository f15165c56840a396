package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.relay.Pipe;

/** What each phase of a session that relays can have happen to the session. */
public interface RelayHost {

    /** The client is gone: gives the backend back and closes. */
    void leave();

    /** The client is to go: it gets what it has not read yet and these words, where a message may begin. */
    void part(byte[] lastWords);

    /** Lets the master find another server for a client that knows of none yet; else tells it why its session ends. */
    void giveBack(byte[] lastWords);

    /** The server has sent what is no message: ends the session. */
    void serverViolated(ProtocolViolation violation);

    /** Hands on what came of reading from the server, to the phase that the session is in by now; returns whether it goes on. */
    boolean serverSaid(Pipe.Outcome outcome);

    /** After bytes moved: ends what is to end, and waits for what comes next. */
    void settle();

    boolean isOver();
}
