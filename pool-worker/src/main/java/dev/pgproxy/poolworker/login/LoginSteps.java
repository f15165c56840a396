package dev.pgproxy.poolworker.login;

import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.traffic.BackendLease;

/** Where a phase of a login leads to. */
public interface LoginSteps {

    /** The client has shown that it knows its password; the phase was about a backend that it may have now, or a place. */
    void proved(Verification verification, byte[] message);

    /** The server itself is to judge the client. */
    void referred(Verification verification);

    /** The server shall decide over this client, on a new backend in the place of the one that it cannot have. */
    void startAnew(Backend unfit);

    /** The server has let the client in. */
    void letIn(BackendLease lease);

    /** The server has no room for the client, which knows of none of this: the master makes some, if it can. */
    void wantRoom(byte[] refusal);

    /** The server has the client's settings. */
    void welcome(BackendLease lease, byte[] before);
}
