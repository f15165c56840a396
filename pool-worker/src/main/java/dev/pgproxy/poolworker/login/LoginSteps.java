package dev.pgproxy.poolworker.login;

import dev.pgproxy.poolworker.backend.Backend;
import dev.pgproxy.poolworker.traffic.BackendLease;

/** Where a phase of a login can lead. */
public interface LoginSteps {

    /** The client has proved that it knows its password, and may now have the backend, or ask for a place. */
    void proved(Verification verification, byte[] message);

    /** The server itself must judge the client. */
    void referred(Verification verification);

    /** The server must decide about this client, on a new backend in place of this one, which the client cannot have. */
    void startOver(Backend unfit);

    /** The server has accepted the client. */
    void letIn(BackendLease lease);

    /** The server has no room for the client, which has noticed nothing: the master makes room if it can. */
    void wantRoom(byte[] refusal);

    /** The server has accepted the client's settings. */
    void welcome(BackendLease lease, byte[] before);
}
