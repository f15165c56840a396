package dev.pgproxy.simulation;

import dev.pgproxy.common.child.ChildConversation;
import dev.pgproxy.common.ipc.ControlMessage;
import dev.pgproxy.testkit.simulation.SimulatedProcess;

/** A child of the master. */
interface Node {

    ChildConversation conversation();

    SimulatedProcess process();

    /** This message, from the child or to it, was sent. */
    default void said(ControlMessage message) {}

    /** This message, from the child or to it, can no longer be lost unless its receiver dies. */
    default void underWay(ControlMessage message) {}

    /** The child is about to die. */
    default void died() {}
}
