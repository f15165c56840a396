package dev.pgproxy.simulation;

import dev.pgproxy.common.child.ChildConversation;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.testkit.simulation.SimulatedProcess;

/** A child of the master. */
interface Node {

    ChildConversation conversation();

    SimulatedProcess process();

    /** This message, of the child or to it, was said. */
    default void said(ControlMessage message) {}

    /** This message, of the child or to it, cannot be lost any more unless its receiver dies. */
    default void underWay(ControlMessage message) {}

    /** It is about to die. */
    default void died() {}
}
