package dev.pgproxy.poolworker.traffic;

import dev.pgproxy.common.protocol.ProtocolViolation;
import dev.pgproxy.poolworker.relay.Pipe;

/** What a phase that relays can do to its session. */
public interface RelayHost {

    /** The client is gone: gives the backend back and closes. */
    void leave();

    /** Dismisses the client, with what it has not read yet and then these words, where a message may begin. */
    void part(byte[] lastWords);

    /** Lets the master find another server for a client that has been sent nothing yet; tells any other why its session ends. */
    void giveBack(byte[] lastWords);

    /** The server has violated the protocol: ends the session. */
    void serverViolated(ProtocolViolation violation);

    /** Passes the outcome of reading from the server to the phase that the session is in by now; returns whether it continues. */
    boolean serverSaid(Pipe.Outcome outcome);

    /** After bytes have moved: ends the session if that is due, else waits for what comes next. */
    void settle();

    boolean isOver();
}
