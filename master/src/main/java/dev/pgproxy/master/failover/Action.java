package dev.pgproxy.master.failover;

import dev.pgproxy.common.config.ProxyConfig;
import dev.pgproxy.common.ipc.Alert;
import dev.pgproxy.common.net.Endpoint;
import org.jspecify.annotations.Nullable;

/** An action that {@link FailoverPolicy} asks for. */
sealed interface Action {

    /**
     * Probe the server; replaces a planned probe.
     *
     * @param fresh over a new connection
     * @param afterMs counted from the start of the previous probe
     */
    record Probe(Endpoint server, boolean fresh, long afterMs) implements Action {}

    /**
     * Make the state durable, one save at a time; answered by {@link FailoverPolicy#saved} or {@link FailoverPolicy#notSaved}.
     *
     * @param number counts from 1; identifies the answer
     */
    record Save(long number, FailoverState state) implements Action {}

    /** Call {@link FailoverPolicy#saveAgain} after this time. */
    record SaveLater(long afterMs) implements Action {}

    /** Pass nothing more from this server to clients. */
    record CutOff(Endpoint server, Endpoint successor) implements Action {}

    /** Find out again whether the standby could be told to promote; answered by {@link FailoverPolicy#examined}. */
    record Examine(Endpoint server) implements Action {}

    /**
     * Promote, if {@link FailoverPolicy#promotionOf} allows it; answered by {@link FailoverPolicy#promoteSent} or {@link
     * FailoverPolicy#promoteFailed}.
     */
    record Promote(Endpoint server, long afterMs) implements Action {}

    /** Bring the sessions on the primary to rest; answered by {@link FailoverPolicy#quiesced}. */
    record Quiesce(Endpoint primary) implements Action {}

    /** Probe the primary after it has flushed everything it has committed; answered by {@link FailoverPolicy#flushed}. */
    record Flush(Endpoint primary) implements Action {}

    /** Keep others from writing to the primary, once pgproxy's own sessions have left it; answered by {@link FailoverPolicy#fenced}. */
    record Fence(Endpoint primary) implements Action {}

    /** Lift the fence on an old primary, if it is in force. */
    record LiftFence(Endpoint server) implements Action {}

    /** Let the sessions on the primary continue. */
    record Resume(Endpoint primary) implements Action {}

    /** The switchover that an operator waits for has ended; it succeeded if there is no problem. */
    record Answer(@Nullable String problem) implements Action {}

    /** The servers have new roles from now on. */
    record Change(ProxyConfig.Servers servers) implements Action {}

    /** Log an event and send it as an alert. */
    record Tell(Alert.Kind kind, Endpoint server, String message, String hint) implements Action {}

    /**
     * Log an event, without an alert.
     *
     * @param name of the event
     */
    record Log(String name, Endpoint server, String message) implements Action {}
}
