package dev.pgproxy.common.loop;

/** Called on the loop's thread when a {@link Transport} can make progress. */
@FunctionalInterface
public interface ReadyHandler {

    /** @param ready bits of {@link Interest}; nothing is reported while the interest is {@link Interest#NONE} */
    void ready(int ready);
}
