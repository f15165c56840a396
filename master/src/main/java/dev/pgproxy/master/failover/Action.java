package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.net.Endpoint;
import org.jspecify.annotations.Nullable;

/** What {@link FailoverPolicy} wants done. */
sealed interface Action {

    /**
     * Probe the server; takes the place of a probe that was planned.
     *
     * @param fresh over a new connection
     * @param afterMs from the begin of the probe before
     */
    record Probe(Endpoint server, boolean fresh, long afterMs) implements Action {}

    /**
     * Make the state durable, one after the other; answered by {@link FailoverPolicy#saved} or {@link FailoverPolicy#notSaved}.
     *
     * @param number from 1; tells the answers apart
     */
    record Save(long number, FailoverState state) implements Action {}

    /** Ask {@link FailoverPolicy#saveAgain} what is to be saved by then. */
    record SaveLater(long afterMs) implements Action {}

    /** No client may be told of anything more that this server says. */
    record CutOff(Endpoint server, Endpoint successor) implements Action {}

    /** Find out again whether the standby could be told; answered by {@link FailoverPolicy#examined}. */
    record Examine(Endpoint server) implements Action {}

    /** If {@link FailoverPolicy#promotionOf} says so; answered by {@link FailoverPolicy#promoteSent} or {@link FailoverPolicy#promoteFailed}. */
    record Promote(Endpoint server, long afterMs) implements Action {}

    /** Let sessions of the primary come to rest; answered by {@link FailoverPolicy#quiesced}. */
    record Quiesce(Endpoint primary) implements Action {}

    /** Probe the primary after it has written out all that it has committed; answered by {@link FailoverPolicy#flushed}. */
    record Flush(Endpoint primary) implements Action {}

    /** Keep others from writing to the primary, once pgproxy's own have left it; answered by {@link FailoverPolicy#fenced}. */
    record Fence(Endpoint primary) implements Action {}

    /** Take that back on an old primary, if it is in force. */
    record LiftFence(Endpoint server) implements Action {}

    /** Let sessions of the primary continue. */
    record Resume(Endpoint primary) implements Action {}

    /** The switchover that an operator waits for is over; without a problem it was done. */
    record Answer(@Nullable String problem) implements Action {}

    /** Other servers play the parts from now on. */
    record Change(ProxyConfig.Servers servers) implements Action {}

    /** Tell people. */
    record Tell(Alert.Kind kind, Endpoint server, String message, String hint) implements Action {}

    /**
     * Tell the log alone.
     *
     * @param name of the event
     */
    record Log(String name, Endpoint server, String message) implements Action {}
}
