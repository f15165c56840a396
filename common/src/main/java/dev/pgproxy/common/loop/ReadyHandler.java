package dev.pgproxy.common.loop;

/** Called on the loop's thread when a {@link Transport} can make progress. */
@FunctionalInterface
public interface ReadyHandler {

    /** @param ready bits of {@link Interest}; {@link Interest#HANGUP} comes even when nothing was asked for */
    void ready(int ready);
}
